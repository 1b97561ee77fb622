// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/openssl_functions.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "capture/tls/byte_search.h"
#include "capture/tls/calls.h"
#include "capture/tls/labels.h"
#include "capture/tls/symbolic_walk.h"
#include "capture/tls/unwind_table.h"

namespace capture::tls {
namespace {

constexpr size_t kSteps = 1'000;
constexpr size_t kMaxFunctions = 100;

// ERR_set_debug(file, line, function), then ERR_set_error(ERR_LIB_SSL, SSL_R_BAD_LENGTH, NULL)
constexpr size_t kNameArgument = 2;
constexpr int64_t kOfSsl = 20;
constexpr int64_t kBadLength = 271;
// ssl_read_internal(connection, buffer, length, &passed), and ssl_write_internal, which since 3.3
// has flags before the last one.
constexpr size_t kFirstPassed = 3;
constexpr size_t kLastPassed = 4;

bool hands_over(const WalkVisitor::Call& call, const State& state, size_t arguments) {
    for (uint32_t i = 0; i < arguments; ++i) {
        if (!(state.argument(i, call.is_jump) == Value::address(i))) {
            return false;
        }
    }
    return true;
}

// What a function does that names itself: refuse a length, and hand connection and buffer over,
// with the address of a variable of its own for the number of bytes.
class NamesItself : public WalkVisitor {
  public:
    struct Inner {
        uint64_t function = 0;  // 0: what a pointer points to
        size_t passed = 0;      // the argument

        auto operator<=>(const Inner&) const = default;
    };

    explicit NamesItself(const std::vector<Label>& names) : names_(names) {}

    bool on_call(const Call& call, const State& state) override {
        const Value name = state.argument(kNameArgument, call.is_jump);
        has_name_ |= name.kind == Value::Kind::kNumber &&
                     std::ranges::find(names_, static_cast<uint64_t>(name.offsets[0]),
                                       &Label::address) != names_.end();
        refuses_length_ |= state.argument(0, call.is_jump).is_number(kOfSsl) &&
                           state.argument(1, call.is_jump).is_number(kBadLength);
        for (size_t i = kFirstPassed; i <= kLastPassed && hands_over(call, state, 2); ++i) {
            const Value passed = state.argument(i, call.is_jump);
            if (passed.is_from_argument(kStackSymbol) && passed.loads == 0) {
                inner_.insert({call.target, i});
            }
        }
        return false;
    }

    bool is_it() const { return has_name_ && refuses_length_ && !inner_.empty(); }

    // The function that others hand over to, too.
    std::optional<Inner> inner() const {
        return inner_.size() == 1 && inner_.begin()->function != 0 ? std::optional(*inner_.begin())
                                                                   : std::nullopt;
    }

  private:
    const std::vector<Label>& names_;
    bool has_name_ = false;
    bool refuses_length_ = false;
    std::set<Inner> inner_;
};

// What a function does that has a pointer for the number of bytes itself: hand all over.
class HandsOver : public WalkVisitor {
  public:
    explicit HandsOver(const NamesItself::Inner& inner) : inner_(inner) {}

    bool on_call(const Call& call, const State& state) override {
        if (call.target == inner_.function && hands_over(call, state, kFirstPassed)) {
            const Value passed = state.argument(inner_.passed, call.is_jump);
            is_one_ = is_one_ && (!passed_ || *passed_ == passed);
            passed_ = passed;
        }
        return false;
    }

    // Which of its arguments the pointer is.
    std::optional<size_t> passed() const {
        for (uint32_t i = kFirstPassed; i <= kLastPassed && is_one_; ++i) {
            if (passed_ == Value::address(i)) {
                return i;
            }
        }
        return {};
    }

  private:
    NamesItself::Inner inner_;
    std::optional<Value> passed_;
    bool is_one_ = true;
};

std::set<uint64_t> functions_around(const ElfImage& image, const std::vector<uint64_t>& places) {
    std::set<uint64_t> functions;
    for (const uint64_t place : places) {
        const auto function = code_range_at(image, place);
        if (function && functions.size() < kMaxFunctions) {
            functions.insert(function->begin);
        }
    }
    return functions;
}

class Search {
  public:
    Search(const ElfImage& image, Disassembler& disassembler)
        : image_(image), disassembler_(disassembler) {}

    void find(PlaintextCall call, PlaintextCall with_pointer,
              std::optional<PlaintextCall> with_flags) {
        std::vector<Label> names;
        for (const uint64_t address : find_texts(image_, name_of(call))) {
            names.push_back({std::string(name_of(call)), address});
        }
        std::ranges::sort(names, {}, &Label::address);
        std::vector<uint64_t> places;
        for (const LabelReference& reference : find_references(image_, names)) {
            places.push_back(reference.instruction);
        }
        std::vector<uint64_t> found;
        std::optional<NamesItself::Inner> inner;
        for (const uint64_t function : functions_around(image_, places)) {
            NamesItself visitor(names);
            walk(function, visitor);
            if (visitor.is_it()) {
                found.push_back(function);
                inner = visitor.inner();
            }
        }
        if (found.size() != 1) {
            return;
        }
        functions.push_back({call, found[0]});
        if (inner) {
            find_callers(*inner, with_pointer, with_flags);
        }
    }

    std::vector<OpensslFunction> functions;

  private:
    void find_callers(const NamesItself::Inner& inner, PlaintextCall with_pointer,
                      std::optional<PlaintextCall> with_flags) {
        std::vector<uint64_t> by_argument[kLastPassed + 1];
        for (const uint64_t function :
             functions_around(image_, find_calls_of(image_, disassembler_, inner.function))) {
            HandsOver visitor(inner);
            walk(function, visitor);
            if (const auto passed = visitor.passed()) {
                by_argument[*passed].push_back(function);
            }
        }
        if (by_argument[kFirstPassed].size() == 1) {
            functions.push_back({with_pointer, by_argument[kFirstPassed][0]});
        }
        if (with_flags && by_argument[kLastPassed].size() == 1) {
            functions.push_back({*with_flags, by_argument[kLastPassed][0]});
        }
    }

    void walk(uint64_t function, WalkVisitor& visitor) {
        SymbolicWalk(image_, disassembler_, visitor, kSteps).run(function, State::at_entry(image_));
    }

    const ElfImage& image_;
    Disassembler& disassembler_;
};

}  // namespace

std::vector<OpensslFunction> find_openssl_functions(const ElfImage& image,
                                                    Disassembler& disassembler) {
    Search search(image, disassembler);
    search.find(PlaintextCall::kSslRead, PlaintextCall::kSslReadEx, {});
    search.find(PlaintextCall::kSslWrite, PlaintextCall::kSslWriteEx, PlaintextCall::kSslWriteEx2);
    return std::move(search.functions);
}

}  // namespace capture::tls
