// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/function_returns.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <set>

namespace capture::tls {
namespace {

using Action = Instruction::Action;

// No function that passes plaintext has as much code, with what it jumps to.
constexpr size_t kMaxPieces = 64;
constexpr uint64_t kMaxPiece = 256 * 1024;
constexpr size_t kMaxReturns = 500;

// Calls `visit` with each instruction, and the one before. False: bytes are no code.
bool each_instruction(Disassembler& disassembler, const CodeRange& range,
                      const std::function<void(const Instruction&, const Instruction&)>& visit) {
    Instruction before;
    for (uint64_t at = range.begin; at < range.end;) {
        const Instruction now = disassembler.at(at);
        if (now.size == 0) {
            return false;
        }
        visit(now, before);
        before = now;
        at = now.next();
    }
    return true;
}

// A jump by a table of the same function: the table is indexed by the jump itself, or what was
// loaded from it has just been added to its address.
bool is_by_table(const Instruction& jump, const Instruction& before) {
    if (jump.second.kind == Place::Kind::kMemory) {
        return jump.second.memory.index != kNoRegister;
    }
    return jump.second.kind == Place::Kind::kRegister && before.action == Action::kAdd &&
           before.first.kind == Place::Kind::kRegister && before.first.reg == jump.second.reg;
}

pcapng::Result<void> check(const FunctionReturns& found) {
    if (found.addresses.empty()) {
        return pcapng::Error{"it doesn't return"};
    }
    return found.addresses.size() <= kMaxReturns ? pcapng::Result<void>{}
                                                 : pcapng::Error{"it returns at too many places"};
}

class Search {
  public:
    Search(const ElfImage& image, Disassembler& disassembler)
        : image_(image), disassembler_(disassembler) {}

    pcapng::Result<FunctionReturns> run(uint64_t function) {
        pending_.push_back(function);
        while (!pending_.empty()) {
            const uint64_t address = pending_.back();
            pending_.pop_back();
            if (auto looked = look_at(address); !looked) {
                return std::move(looked).error();
            }
        }
        const auto own = code_range_at(image_, function);
        FunctionReturns found{{returns_.begin(), returns_.end()}, true};
        if (auto few = check(found); !few) {
            return std::move(few).error();
        }
        found.are_own = std::ranges::all_of(
            found.addresses, [&](uint64_t address) { return own && own->holds(address); });
        return found;
    }

  private:
    pcapng::Result<void> look_at(uint64_t address) {
        const auto range = code_range_at(image_, address);
        if (!range || range->end - range->begin > kMaxPiece) {
            return pcapng::Error{"where its code ends isn't known"};
        }
        if (!pieces_.insert(range->begin).second) {
            return {};
        }
        if (pieces_.size() > kMaxPieces) {
            return pcapng::Error{"it jumps to too many others"};
        }
        bool is_known = true;
        const auto visit = [&](const Instruction& now, const Instruction& before) {
            if (now.action == Action::kReturn) {
                returns_.insert(now.address);
            } else if (now.action == Action::kJump && now.target == 0) {
                is_known = is_known && is_by_table(now, before);
            } else if (now.action == Action::kJump && !range->holds(now.target)) {
                pending_.push_back(now.target);
            }
        };
        if (!each_instruction(disassembler_, *range, visit)) {
            return pcapng::Error{"its code can't be read"};
        }
        return is_known ? pcapng::Result<void>{}
                        : pcapng::Error{"it ends with a jump that can't be followed", ENOTSUP};
    }

    const ElfImage& image_;
    Disassembler& disassembler_;
    std::vector<uint64_t> pending_;
    std::set<uint64_t> pieces_;
    std::set<uint64_t> returns_;
};

}  // namespace

pcapng::Result<FunctionReturns> find_returns(const ElfImage& image, Disassembler& disassembler,
                                             uint64_t function) {
    return Search(image, disassembler).run(function);
}

pcapng::Result<FunctionReturns> find_returns_in(Disassembler& disassembler,
                                                const CodeRange& function) {
    FunctionReturns found;
    found.are_own = true;
    const bool is_code =
        function.end - function.begin <= kMaxPiece &&
        each_instruction(disassembler, function, [&](const Instruction& now, const Instruction&) {
            if (now.action == Action::kReturn) {
                found.addresses.push_back(now.address);
            }
        });
    if (!is_code) {
        return pcapng::Error{"its code can't be read"};
    }
    auto few = check(found);
    return few ? pcapng::Result<FunctionReturns>(std::move(found)) : std::move(few).error();
}

}  // namespace capture::tls
