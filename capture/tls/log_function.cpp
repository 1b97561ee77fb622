// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/log_function.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "capture/tls/symbolic_walk.h"

namespace capture::tls {
namespace {

// Behind the instruction that names a label, up to the call.
constexpr size_t kSteps = 100;

constexpr size_t kLabelArgument = 1;

// The calls that have a label for second argument: where they are, and whom they call.
class Votes : public WalkVisitor {
  public:
    explicit Votes(const ElfImage& image, const std::vector<Label>& labels)
        : image_(image), labels_(labels) {}

    bool on_call(const Call& call, const State& state) override {
        const Value argument = state.argument(kLabelArgument, call.is_jump);
        if (call.target == 0 || argument.kind != Value::Kind::kNumber) {
            return false;
        }
        const auto label =
            std::ranges::find(labels_, static_cast<uint64_t>(argument.offsets[0]), &Label::address);
        if (label != labels_.end() && image_.is_code(call.target)) {
            Target& target = targets_[call.target];
            target.calls.insert(call.from);
            target.labels.insert(label->address);
        }
        return false;
    }

    struct Target {
        std::set<uint64_t> calls;
        std::set<uint64_t> labels;
    };
    const std::map<uint64_t, Target>& targets() const { return targets_; }

  private:
    const ElfImage& image_;
    const std::vector<Label>& labels_;
    std::map<uint64_t, Target> targets_;
};

// An entry of the procedure linkage table jumps through memory, at once or (aarch64) by a register
// that it has loaded.
bool is_linkage(Disassembler& disassembler, uint64_t address) {
    constexpr int kLongest = 5;
    for (int i = 0; i < kLongest; ++i) {
        const Instruction now = disassembler.at(address);
        if (now.action == Instruction::Action::kJump) {
            return now.target == 0;
        }
        const bool may_come_before = now.action == Instruction::Action::kOther ||
                                     now.action == Instruction::Action::kMove ||
                                     now.action == Instruction::Action::kAdd;
        if (!may_come_before) {
            return false;
        }
        address = now.next();
    }
    return false;
}

}  // namespace

std::vector<LogFunction> find_log_functions(const ElfImage& image, Disassembler& disassembler,
                                            const std::vector<Label>& labels,
                                            const std::vector<LabelReference>& references) {
    Votes votes(image, labels);
    for (const LabelReference& reference : references) {
        SymbolicWalk walk(image, disassembler, votes, kSteps);
        State state(image);
        state.set(reference.base, Value::number(static_cast<int64_t>(reference.base_value)));
        walk.run(reference.instruction, state);
    }
    std::vector<LogFunction> functions;
    for (const auto& [address, target] : votes.targets()) {
        if (!is_linkage(disassembler, address)) {
            functions.push_back({address, target.calls.size(), target.labels.size()});
        }
    }
    std::ranges::stable_sort(functions, std::ranges::greater{}, &LogFunction::votes);
    return functions;
}

}  // namespace capture::tls
