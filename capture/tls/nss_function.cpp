// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/nss_function.h"

#include <set>

#include "capture/tls/symbolic_walk.h"

namespace capture::tls {
namespace {

constexpr size_t kSteps = 2'000;
constexpr uint32_t kItemArgument = 2;

// Calls with the socket and the label that came in, and what another call has returned.
class HandsOver : public WalkVisitor {
  public:
    bool on_call(const Call& call, const State& state) override {
        const Value item = state.argument(kItemArgument, call.is_jump);
        if (call.target != 0 && state.argument(0, call.is_jump) == Value::address(0) &&
            state.argument(1, call.is_jump) == Value::address(1) && item.loads == 0 &&
            item.kind == Value::Kind::kAddress && item.symbol > kStackSymbol) {
            targets_.insert(call.target);
        }
        return false;
    }
    const std::set<uint64_t>& targets() const { return targets_; }

  private:
    std::set<uint64_t> targets_;
};

// Reads of a SECItem {type, data, length}: that it is one.
class ItemReads : public WalkVisitor {
  public:
    explicit ItemReads(size_t pointer_size) : pointer_size_(pointer_size) {}

    void on_load(uint64_t /*from*/, const Value& address, size_t size) override {
        const auto data = static_cast<int64_t>(pointer_size_);
        reads_data_ |= address == Value::address(kItemArgument, data) && size == pointer_size_;
        reads_length_ |= address == Value::address(kItemArgument, 2 * data) && size == 4;
    }
    bool is_item() const { return reads_data_ && reads_length_; }

  private:
    size_t pointer_size_;
    bool reads_data_ = false;
    bool reads_length_ = false;
};

}  // namespace

pcapng::Result<uint64_t> find_nss_write_function(const ElfImage& image, Disassembler& disassembler,
                                                 uint64_t record_function) {
    if (disassembler.first_of(record_function).action == Instruction::Action::kReturn) {
        return pcapng::Error{"it was built without a key log"};
    }
    HandsOver hands_over;
    SymbolicWalk(image, disassembler, hands_over, kSteps)
        .run(record_function, State::at_entry(image));
    if (hands_over.targets().size() != 1) {
        return pcapng::Error{"the function that gets the key's bytes wasn't found"};
    }
    const uint64_t target = *hands_over.targets().begin();
    ItemReads reads(image.pointer_size());
    SymbolicWalk(image, disassembler, reads, kSteps).run(target, State::at_entry(image));
    if (!reads.is_item()) {
        return pcapng::Error{"the function that gets the key's bytes has other arguments"};
    }
    return target;
}

}  // namespace capture::tls
