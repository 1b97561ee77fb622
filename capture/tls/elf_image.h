// SPDX-License-Identifier: GPL-2.0-only
//
// ElfImage: an ELF file as the program headers say it is loaded, read by address. Sections aren't
// looked at: strip(1) may remove their headers. The file is read in pieces and never mapped, so
// that somebody who cuts it meanwhile ends no more than the reading.
//
// Owns a small buffer, not the descriptor, which has to stay open. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "capture/tls/key_log_function.h"
#include "pcapng/result.h"

namespace capture::tls {

// What of the file is loaded at an address. Bytes that are not in the file (.bss) don't count.
struct Segment {
    uint64_t address = 0;
    uint64_t offset = 0;
    uint64_t size = 0;
    bool executable = false;
    bool writable = false;

    bool holds(uint64_t at) const { return at - address < size; }
};

// Addresses of code: those from `begin` on that are less than `end`.
struct CodeRange {
    uint64_t begin = 0;
    uint64_t end = 0;

    bool holds(uint64_t address) const { return address >= begin && address < end; }
};

class ElfImage {
  public:
    // Errors: the file can't be read, isn't ELF, is of another machine or damaged. What lies
    // beyond the file's end is left out; the segments together are no larger than the file, but for
    // a page of each.
    static pcapng::Result<ElfImage> read(int fd);

    Machine machine() const { return machine_; }
    size_t pointer_size() const { return machine_ == Machine::kI386 ? 4 : 8; }
    // At fixed addresses: code may have addresses as numbers.
    bool is_fixed() const { return is_fixed_; }
    const std::vector<Segment>& segments() const { return segments_; }
    const Segment* segment_at(uint64_t address) const;
    bool is_code(uint64_t address) const;
    std::optional<uint64_t> file_offset(uint64_t address) const;

    // Copies what is there, from `address` to the end of its segment at most. Returns how many
    // bytes that were.
    size_t copy(uint64_t address, std::span<uint8_t> to) const;

    // A view of at most `size` bytes (up to kWindow) at an address, shorter where the segment ends
    // before; valid until the next call.
    static constexpr size_t kWindow = 4096;
    std::span<const uint8_t> view(uint64_t address, size_t size) const;

    // A number of 1 to 8 bytes.
    std::optional<uint64_t> number_at(uint64_t address, size_t size) const;
    std::optional<uint64_t> pointer_at(uint64_t address) const {
        return number_at(address, pointer_size());
    }
    // The NUL-ended text at an address is this one.
    bool has_text(uint64_t address, std::string_view text) const;

    // A pointer in data as the dynamic linker leaves it: by its relocation, if it has one that adds
    // where the file is loaded. Reads all relocations.
    std::optional<uint64_t> relocated_pointer_at(uint64_t address) const;
    // Where such a pointer to `target` is, if one is.
    std::optional<uint64_t> pointer_to(uint64_t target) const;

    // The address of a function or variable that the file exports (by its DT_GNU_HASH).
    std::optional<uint64_t> exported(std::string_view name) const;

    // Values of the dynamic section: addresses.
    struct Dynamic {
        uint64_t symbols = 0;
        uint64_t strings = 0;
        uint64_t gnu_hash = 0;
        uint64_t pltgot = 0;  // on i386, what code adds to the addresses of data
        uint64_t relocations = 0;
        uint64_t relocations_size = 0;
        // Those of functions that are called by the linkage table; i386: the others, too.
        uint64_t linkage = 0;
        uint64_t linkage_size = 0;
        uint64_t short_relocations = 0;  // without an addend
        uint64_t short_relocations_size = 0;
    };
    const Dynamic& dynamic() const { return dynamic_; }

    // The file can be relied on for what is at this address while the program runs: nothing writes
    // there but the dynamic linker.
    bool is_constant(uint64_t address) const;

    // The address of the header of the table for unwinding stacks; 0: there is none.
    uint64_t unwind_header() const { return unwind_header_; }

    // Copies from an offset in the file, as sections have them. Returns how many bytes that were.
    size_t copy_offset(uint64_t offset, std::span<uint8_t> to) const;
    // Where the headers of sections are, if they haven't been stripped: offset, size of each,
    // number.
    struct Sections {
        uint64_t offset = 0;
        size_t size = 0;
        size_t number = 0;
    };
    const Sections& sections() const { return sections_; }

  private:
    explicit ElfImage(int fd) : fd_(fd) {}

    pcapng::Result<void> read_headers();
    void read_dynamic(uint64_t offset, uint64_t size);
    // Of the relocations that add where the file is loaded, the first that `wanted` holds for.
    struct Relocation {
        uint64_t address = 0;
        uint64_t target = 0;
    };
    std::optional<Relocation> find_relocation(
        const std::function<bool(const Relocation&)>& wanted) const;

    int fd_;
    uint64_t file_size_ = 0;
    Machine machine_ = Machine::kX86_64;
    bool is_fixed_ = false;
    std::vector<Segment> segments_;
    Dynamic dynamic_;
    uint64_t unwind_header_ = 0;
    Segment constant_;  // what the dynamic linker makes so (PT_GNU_RELRO)
    Sections sections_;

    // The bytes of the latest view().
    mutable std::array<uint8_t, 2 * kWindow> window_{};
    mutable uint64_t window_address_ = 0;
    mutable size_t window_size_ = 0;
};

// The bytes of a segment, in pieces that overlap.
class SegmentReader {
  public:
    // Each piece begins with the last `overlap` bytes of the one before, so that what is no longer
    // than overlap + 1 is whole in one of them.
    SegmentReader(const ElfImage& image, const Segment& segment, size_t overlap);

    // The next piece; empty after the last one. Valid until the next call.
    std::span<const uint8_t> next();
    uint64_t address() const { return address_; }  // of the piece

  private:
    const ElfImage& image_;
    uint64_t address_;
    uint64_t left_;  // bytes of the segment behind the piece
    size_t overlap_;
    std::vector<uint8_t> buffer_;
    size_t filled_ = 0;
};

}  // namespace capture::tls
