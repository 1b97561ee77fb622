// SPDX-License-Identifier: GPL-2.0-only
//
// SymbolicWalk: follows code from an address on, over branches, with what is known of the registers
// and the stack: numbers, and addresses reckoned from the arguments. Nothing is executed. A branch
// that the known values decide is followed as they decide it, so that a loop over 32 bytes is
// walked 32 times; any other is taken once, and passed a number of times.
//
// A walk ends after so many instructions, whatever the code is. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "capture/tls/instruction.h"
#include "capture/tls/symbolic_state.h"

namespace capture::tls {

// What a walk meets.
class WalkVisitor {
  public:
    virtual ~WalkVisitor() = default;

    struct Call {
        uint64_t from = 0;
        uint64_t target = 0;   // 0: indirect
        bool is_jump = false;  // instead of a return
        uint32_t result = 0;   // the symbol of what it returns
    };
    // Returns whether to walk through the function that is called, too.
    virtual bool on_call(const Call& /*call*/, const State& /*state*/) { return false; }
    // Whether a function leaves all memory as it is.
    virtual bool leaves_memory(uint64_t /*function*/) { return false; }
    // Of the function that the walk began in.
    virtual void on_return(const State& /*state*/) {}
    virtual void on_load(uint64_t /*from*/, const Value& /*address*/, size_t /*size*/) {}
    virtual void on_store(const Value& /*address*/, const Value& /*value*/) {}
    // The word that is always at an address of the file, if the visitor knows.
    virtual Value word_at(uint64_t /*address*/) { return {}; }
    virtual void on_address(uint64_t /*from*/, const Value& /*address*/) {}
};

class SymbolicWalk {
  public:
    // The arguments have to outlive this. `limit`: of instructions.
    SymbolicWalk(const ElfImage& image, Disassembler& disassembler, WalkVisitor& visitor,
                 size_t limit);

    // From here on, functions return two words.
    void expect_pairs() { pairs_ = true; }

    void run(uint64_t address, State state);

  private:
    struct Path {
        uint64_t address = 0;
        unsigned depth = 0;  // of functions called
        State state;
    };

    void follow(Path path);
    // Returns false at the end of the path.
    bool step(Path& path, const Instruction& now);
    static void move_base(Path& path, const Instruction& now, bool is_time);
    void pair(Path& path, const Instruction& now);
    void conditional_move(Path& path, const Instruction& now);
    bool take_own_address(Path& path, const Instruction& now);
    bool call(Path& path, const Instruction& now);
    bool jump(Path& path, const Instruction& now);
    void arithmetic(Path& path, const Instruction& now);
    Value read(const Path& path, const Instruction& now, const Place& place);
    void write(Path& path, const Place& place, const Value& value);
    // Whether a branch hasn't been taken, or a function not been entered, before.
    bool is_new(uint64_t address);

    const ElfImage& image_;
    Disassembler& disassembler_;
    WalkVisitor& visitor_;
    size_t left_;
    uint8_t word_;
    uint32_t next_result_ = kResultSymbol;
    bool pairs_ = false;
    std::vector<Path> paths_;
    std::unordered_set<uint64_t> taken_;
    std::unordered_map<uint64_t, unsigned> passed_;
};

}  // namespace capture::tls
