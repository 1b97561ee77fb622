// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/calls.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

namespace capture::tls {
namespace {

using Bytes = std::span<const uint8_t>;

// Of symbols that relocations name. No library that is looked at imports as many.
constexpr size_t kMaxImports = 10'000;
constexpr size_t kMaxCalls = 16;
constexpr size_t kMaxEntries = 16;
constexpr size_t kMaxPointers = 16;
// A call goes to what may come before the jump in an entry of the table: marks, a prefix.
constexpr uint64_t kMaxBefore = 8;

// What the dynamic linker fills in a function's address for.
bool is_of_function(Machine machine, uint64_t type) {
    switch (machine) {
        case Machine::kX86_64:
        case Machine::kI386:
            static_assert(R_386_JMP_SLOT == R_X86_64_JUMP_SLOT &&
                          R_386_GLOB_DAT == R_X86_64_GLOB_DAT);
            return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT;
        case Machine::kAarch64:
            return type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
    }
    return false;
}

bool is_named(const ElfImage& image, uint64_t symbol, std::string_view name) {
    const bool wide = image.pointer_size() == 8;
    const uint64_t entry =
        image.dynamic().symbols + symbol * (wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
    const auto at = image.number_at(entry, 4);
    return at && image.has_text(image.dynamic().strings + *at, name);
}

// The address of the pointers to the imported function.
std::vector<uint64_t> pointers_of(const ElfImage& image, std::string_view name) {
    const ElfImage::Dynamic& dynamic = image.dynamic();
    const bool wide = image.pointer_size() == 8;
    const std::array<std::pair<uint64_t, uint64_t>, 2> tables = {
        {{dynamic.linkage, dynamic.linkage_size},
         wide ? std::pair(dynamic.relocations, dynamic.relocations_size)
              : std::pair(dynamic.short_relocations, dynamic.short_relocations_size)}};
    const size_t size = wide ? sizeof(Elf64_Rela) : sizeof(Elf32_Rel);
    size_t left = kMaxImports;
    std::vector<uint64_t> found;
    for (const auto& [table, length] : tables) {
        for (uint64_t at = 0; at + size <= length && left > 0; at += size) {
            const auto pointer = image.pointer_at(table + at);
            const auto info = image.pointer_at(table + at + image.pointer_size());
            if (!pointer || !info) {
                break;
            }
            const uint64_t type = wide ? ELF64_R_TYPE(*info) : ELF32_R_TYPE(*info);
            if (is_of_function(image.machine(), type)) {
                --left;
                if (found.size() < kMaxPointers &&
                    is_named(image, wide ? ELF64_R_SYM(*info) : ELF32_R_SYM(*info), name)) {
                    found.push_back(*pointer);
                }
            }
        }
    }
    return found;
}

uint32_t word(Bytes bytes, size_t at) {
    uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
}

uint64_t extended(uint32_t number) {
    return static_cast<uint64_t>(int64_t{static_cast<int32_t>(number)});
}

class Search {
  public:
    Search(const ElfImage& image, Disassembler& disassembler)
        : image_(image), disassembler_(disassembler) {}

    std::vector<uint64_t> of_function(uint64_t function) {
        function_ = function;
        return find();
    }

    std::vector<uint64_t> through(std::vector<uint64_t> pointers) {
        pointers_ = std::move(pointers);
        if (image_.machine() == Machine::kAarch64) {
            each_place(4, 8, [&](Bytes code, uint64_t address) { look_for_load(code, address); });
        } else {
            each_place(1, 6,
                       [&](Bytes code, uint64_t address) { look_for_pointer(code, address); });
        }
        return find();
    }

  private:
    std::vector<uint64_t> find() {
        if (image_.machine() == Machine::kAarch64) {
            each_place(4, 4, [&](Bytes code, uint64_t address) { look_for_link(code, address); });
        } else {
            each_place(1, 5, [&](Bytes code, uint64_t address) { look_for_call(code, address); });
        }
        std::ranges::sort(calls_);
        return std::move(calls_);
    }

    // Each multiple of `step` in code that `size` bytes are behind.
    template <typename Look>
    void each_place(size_t step, size_t size, const Look& look) const {
        for (const Segment& segment : image_.segments()) {
            if (!segment.executable) {
                continue;
            }
            SegmentReader reader(image_, segment, size - step);
            for (Bytes piece = reader.next(); !piece.empty(); piece = reader.next()) {
                const uint64_t begin = reader.address();
                for (size_t at = (step - begin % step) % step; at + size <= piece.size();
                     at += step) {
                    look(piece.subspan(at, size), begin + at);
                }
            }
        }
    }

    bool is_pointer(uint64_t address) const {
        return std::ranges::find(pointers_, address) != pointers_.end();
    }
    void add_entry(uint64_t address) {
        if (entries_.size() < kMaxEntries) {
            entries_.push_back(address);
        }
    }
    void add_call(uint64_t address) {
        if (calls_.size() < kMaxCalls) {
            calls_.push_back(address);
        }
    }

    // x86: jmp and call through memory, which is named by its distance (of 64 bits), or by its
    // address or its distance from the global offset table, which is in ebx.
    void look_for_pointer(Bytes code, uint64_t address) {
        if (code[0] != 0xff) {
            return;
        }
        const bool wide = image_.machine() == Machine::kX86_64;
        const bool by_register = code[1] == 0xa3 || code[1] == 0x93;
        const bool is_jump = code[1] == 0x25 || code[1] == 0xa3;
        if ((!is_jump && code[1] != 0x15 && code[1] != 0x93) || (wide && by_register)) {
            return;
        }
        const uint64_t number = extended(word(code, 2));
        const uint64_t target =
            wide ? address + code.size() + number
                 : static_cast<uint32_t>(by_register ? image_.dynamic().pltgot + number : number);
        if (!is_pointer(target)) {
            return;
        }
        if (is_jump) {
            add_entry(address);
        } else {
            add_call(address);
        }
    }

    void look_for_call(Bytes code, uint64_t address) {
        constexpr uint64_t kJumpSize = 6;
        if (code[0] != 0xe8) {
            return;
        }
        uint64_t target = address + code.size() + extended(word(code, 1));
        if (image_.machine() == Machine::kI386) {
            target = static_cast<uint32_t>(target);
        }
        const bool is_entry = std::ranges::any_of(entries_, [&](uint64_t jump) {
            return jump - target <= kMaxBefore &&
                   disassembler_.first_of(target).next() == jump + kJumpSize;
        });
        if (is_entry || target == function_) {
            add_call(address);
        }
    }

    // aarch64: adrp x16, page; ldr x17, [x16, #offset], which br x17 follows.
    void look_for_load(Bytes code, uint64_t address) {
        const uint32_t load = word(code, 4);
        const Instruction page =
            (word(code, 0) & 0x9f00001f) == 0x90000010 ? disassembler_.at(address) : Instruction{};
        constexpr uint64_t kPointer = 8;
        if (page.action == Instruction::Action::kMove && (load & 0xffc003ff) == 0xf9400211 &&
            is_pointer(static_cast<uint64_t>(page.second.number) +
                       (load >> 10 & 0xfff) * kPointer)) {
            add_entry(address);
        }
    }

    // bl, to an entry or the mark (bti) before.
    void look_for_link(Bytes code, uint64_t address) {
        if ((word(code, 0) & 0xfc000000) != 0x94000000) {
            return;
        }
        constexpr uint32_t kNumberBits = 26;  // of words, signed
        const auto distance = static_cast<int64_t>(extended(word(code, 0) << (32 - kNumberBits)));
        const uint64_t target = address + static_cast<uint64_t>(distance >> 4);
        const bool is_entry = std::ranges::any_of(entries_, [&](uint64_t entry) {
            return entry == target || disassembler_.first_of(target).address == entry;
        });
        if (is_entry || target == function_) {
            add_call(address);
        }
    }

    const ElfImage& image_;
    Disassembler& disassembler_;
    std::optional<uint64_t> function_;
    std::vector<uint64_t> pointers_;
    std::vector<uint64_t> entries_;  // the jumps in the table
    std::vector<uint64_t> calls_;
};

}  // namespace

std::vector<uint64_t> find_calls_of(const ElfImage& image, Disassembler& disassembler,
                                    uint64_t function) {
    return Search(image, disassembler).of_function(function);
}

std::vector<uint64_t> find_calls_of_import(const ElfImage& image, Disassembler& disassembler,
                                           std::string_view name) {
    std::vector<uint64_t> pointers = pointers_of(image, name);
    return pointers.empty() ? std::vector<uint64_t>{}
                            : Search(image, disassembler).through(std::move(pointers));
}

}  // namespace capture::tls
