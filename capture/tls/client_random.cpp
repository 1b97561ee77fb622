// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/client_random.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace capture::tls {
namespace {

constexpr int64_t kRandomSize = 32;
constexpr uint32_t kObject = 0;  // the argument

// A log function, with the loops over its bytes.
constexpr size_t kSteps = 50'000;
constexpr size_t kAccessorSteps = 500;

// An address inside of the object, or of what it points to.
bool is_of_object(const Value& value) {
    return value.is_from_argument(kObject) && (value.loads > 0 || value.offsets[0] > 0) &&
           std::ranges::all_of(value.offsets, [](int64_t offset) { return offset >= 0; });
}

void add(std::vector<Value>& values, const Value& value) {
    if (std::ranges::find(values, value) == values.end()) {
        values.push_back(value);
    }
}

class LogFunctionReads : public WalkVisitor {
  public:
    bool on_call(const Call& call, const State& state) override {
        bool has_part_of_object = false;
        for (size_t number = 0; number + 1 < kMaxArguments; ++number) {
            has_part_of_object |= look_at(state.argument(number, call.is_jump),
                                          state.argument(number + 1, call.is_jump)) ||
                                  look_at(state.local_argument(number, call.is_jump),
                                          state.local_argument(number + 1, call.is_jump));
        }
        return has_part_of_object;
    }

    void on_load(uint64_t from, const Value& address, size_t size) override {
        if (size == 1 && is_of_object(address)) {
            add(bytes_[from], address);
        }
    }

    std::vector<Value> found() const {
        std::vector<Value> result = handed_over_;
        if (const auto first = first_of_loop()) {
            add(result, *first);
        }
        return result;
    }

  private:
    // Two arguments, one behind the other.
    bool look_at(const Value& value, const Value& size) {
        if (is_of_object(value) && size.is_number(kRandomSize)) {
            add(handed_over_, value);
        }
        return is_of_object(value);
    }

    // The bytes that loops read, if they are 32 in a row. Loops may be unrolled.
    std::optional<Value> first_of_loop() const {
        std::vector<Value> read;
        for (const auto& [instruction, addresses] : bytes_) {
            for (const Value& each : addresses.size() >= kFewestPasses ? addresses : kNone) {
                add(read, each);
            }
        }
        std::ranges::sort(read, {}, &Value::last_offset);
        for (size_t i = 1; i < read.size(); ++i) {
            if (read[i].minus(read[i - 1]) != 1) {
                return {};
            }
        }
        return read.size() == kRandomSize ? std::optional(read.front()) : std::nullopt;
    }

    static constexpr size_t kFewestPasses = 4;
    static inline const std::vector<Value> kNone;

    std::vector<Value> handed_over_;
    std::map<uint64_t, std::vector<Value>> bytes_;  // by the instruction that reads them
};

// Takes the address of one place in the object, and reads from there on.
class AccessorReads : public WalkVisitor {
  public:
    void on_address(uint64_t /*from*/, const Value& address) override {
        if (is_of_object(address)) {
            add(found_, address);
        }
    }
    const std::vector<Value>& found() const { return found_; }

  private:
    std::vector<Value> found_;
};

class AccessorStores : public WalkVisitor {
  public:
    explicit AccessorStores(size_t pointer_size)
        : pointer_size_(static_cast<int64_t>(pointer_size)) {}

    // A gnutls_datum_t: a pointer, then the size.
    void on_store(const Value& address, const Value& value) override {
        if (address == Value::address(kClient) && is_of_object(value)) {
            add(found_, value);
        }
        has_size_ |=
            address == Value::address(kClient, pointer_size_) && value.is_number(kRandomSize);
    }
    std::vector<Value> found() const { return has_size_ ? found_ : std::vector<Value>{}; }

  private:
    static constexpr uint32_t kClient = 1;

    int64_t pointer_size_;
    std::vector<Value> found_;
    bool has_size_ = false;
};

void walk(const ElfImage& image, Disassembler& disassembler, uint64_t function,
          WalkVisitor& visitor, size_t limit) {
    SymbolicWalk(image, disassembler, visitor, limit).run(function, State::at_entry(image));
}

}  // namespace

std::vector<Value> random_of_log_function(const ElfImage& image, Disassembler& disassembler,
                                          uint64_t function) {
    LogFunctionReads reads;
    walk(image, disassembler, function, reads, kSteps);
    return reads.found();
}

std::vector<Value> random_of_openssl_accessor(const ElfImage& image, Disassembler& disassembler,
                                              uint64_t function) {
    AccessorReads reads;
    walk(image, disassembler, function, reads, kAccessorSteps);
    return reads.found();
}

std::vector<Value> random_of_gnutls_accessor(const ElfImage& image, Disassembler& disassembler,
                                             uint64_t function) {
    AccessorStores stores(image.pointer_size());
    walk(image, disassembler, function, stores, kAccessorSteps);
    return stores.found();
}

}  // namespace capture::tls
