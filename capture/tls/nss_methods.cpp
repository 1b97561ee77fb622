// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/nss_methods.h"

#include <map>
#include <unordered_map>
#include <vector>

#include "capture/tls/calls.h"
#include "capture/tls/symbolic_walk.h"
#include "capture/tls/unwind_table.h"

namespace capture::tls {
namespace {

// The function fills in a table, without a branch.
constexpr size_t kSteps = 1'000;
// Reading a constant reads all relocations.
constexpr size_t kMaxConstants = 64;

// nspr's prio.h, struct PRIOMethods: a number, then pointers to functions; of 36 words in all.
constexpr int64_t kLayered = 4;  // PR_DESC_LAYERED
constexpr uint64_t kRead = 2;
constexpr uint64_t kWrite = 3;
constexpr uint64_t kReceive = 17;
constexpr uint64_t kSend = 18;
constexpr uint64_t kLastOwn = 20;  // sendto; what follows may be NSPR's
constexpr int64_t kWords = 36;

// What a function stores at addresses of the file.
class TableStores : public WalkVisitor {
  public:
    TableStores(const ElfImage& image, uint64_t call) : image_(image), call_(call) {}

    bool on_call(const Call& call, const State& state) override {
        const Value to = state.argument(0, call.is_jump);
        if (call.from == call_) {
            methods_ = Value::address(call.result);
        } else if (methods_.kind == Value::Kind::kAddress && to.kind == Value::Kind::kNumber &&
                   state.argument(1, call.is_jump) == methods_ &&
                   state.argument(2, call.is_jump)
                       .is_number(kWords * static_cast<int64_t>(image_.pointer_size()))) {
            copies_[call.result] = static_cast<uint64_t>(to.offsets[0]);  // memcpy
        }
        return false;
    }

    void on_store(const Value& address, const Value& value) override {
        auto to = static_cast<uint64_t>(address.offsets[0]);
        if (address.kind == Value::Kind::kAddress) {
            const auto copy = copies_.find(address.symbol);
            if (address.loads != 0 || copy == copies_.end()) {
                return;
            }
            to += copy->second;
        }
        const auto [place, is_new] = stores_.try_emplace(to, value);
        if (!is_new && !(place->second == value)) {
            place->second = {};
        }
    }

    Value word_at(uint64_t address) override {
        if (constants_ == kMaxConstants || !image_.is_constant(address)) {
            return {};
        }
        ++constants_;
        const auto word = image_.relocated_pointer_at(address);
        return word && image_.is_code(*word) ? Value::number(static_cast<int64_t>(*word)) : Value{};
    }

    // The tables that are filled in whole, each as the addresses of its functions by number.
    std::vector<std::vector<uint64_t>> tables() const {
        std::vector<std::vector<uint64_t>> found;
        for (const auto& [begin, value] : stores_) {
            std::vector<uint64_t> functions{0};
            while (value.is_number(kLayered) && functions.size() <= kLastOwn) {
                const auto store = stores_.find(begin + functions.size() * image_.pointer_size());
                const auto address = store != stores_.end() && is_function(store->second)
                                         ? static_cast<uint64_t>(store->second.offsets[0])
                                         : 0;
                if (address == 0) {
                    break;
                }
                functions.push_back(address);
            }
            if (functions.size() > kLastOwn) {
                found.push_back(std::move(functions));
            }
        }
        return found;
    }

  private:
    bool is_function(const Value& value) const {
        const auto address = static_cast<uint64_t>(value.offsets[0]);
        const auto range =
            value.kind == Value::Kind::kNumber ? code_range_at(image_, address) : std::nullopt;
        return range && range->begin == address && image_.is_code(address);
    }

    const ElfImage& image_;
    uint64_t call_;
    Value methods_;                                  // NSPR's
    std::unordered_map<uint32_t, uint64_t> copies_;  // by the symbol of what the call returns
    std::map<uint64_t, Value> stores_;
    size_t constants_ = 0;
};

}  // namespace

std::optional<NssMethods> find_nss_methods(const ElfImage& image, Disassembler& disassembler) {
    std::vector<std::vector<uint64_t>> tables;
    for (const uint64_t call :
         find_calls_of_import(image, disassembler, "PR_GetDefaultIOMethods")) {
        const auto function = code_range_at(image, call);
        if (!function) {
            continue;
        }
        TableStores stores(image, call);
        SymbolicWalk(image, disassembler, stores, kSteps)
            .run(function->begin, State::at_entry(image));
        for (auto& table : stores.tables()) {
            tables.push_back(std::move(table));
        }
    }
    if (tables.size() != 1) {
        return {};
    }
    const std::vector<uint64_t>& table = tables[0];
    return NssMethods{table[kRead], table[kWrite], table[kReceive], table[kSend]};
}

}  // namespace capture::tls
