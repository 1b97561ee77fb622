// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/elf_image.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

namespace capture::tls {
namespace {

using pcapng::errno_error;
using pcapng::Error;
using pcapng::Result;

static_assert(std::endian::native == std::endian::little, "numbers are read as they stand");

// The kernel refuses files with more (fs/binfmt_elf.c, load_elf_phdrs).
constexpr size_t kMaxHeaders = 65536;
constexpr uint64_t kMaxPage = 65536;
constexpr size_t kMaxDynamicEntries = 4096;
// No symbol's hash chain is as long, unless to waste time.
constexpr size_t kMaxChain = 10'000;
constexpr size_t kMaxName = 256;
constexpr size_t kPiece = 256 * 1024;

template <typename T>
T take(std::span<const uint8_t> bytes, size_t at = 0) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
}

struct ProgramHeader {
    uint32_t type = 0;
    uint32_t flags = 0;
    uint64_t offset = 0;
    uint64_t address = 0;
    uint64_t size = 0;
};

template <typename Header>
ProgramHeader program_header(std::span<const uint8_t> bytes) {
    const auto header = take<Header>(bytes);
    return {header.p_type, header.p_flags, header.p_offset, header.p_vaddr, header.p_filesz};
}

struct FileHeader {
    uint64_t headers_offset = 0;
    size_t headers = 0;
    size_t header_size = 0;
    bool is_fixed = false;
    uint16_t machine = 0;
    ElfImage::Sections sections;
};

template <typename Header>
FileHeader file_header(std::span<const uint8_t> bytes) {
    const auto header = take<Header>(bytes);
    return {header.e_phoff,     header.e_phnum,
            header.e_phentsize, header.e_type == ET_EXEC,
            header.e_machine,   {header.e_shoff, header.e_shentsize, header.e_shnum}};
}

// https://flapenguin.me/elf-dt-gnu-hash
uint32_t gnu_hash(std::string_view name) {
    uint32_t hash = 5381;
    for (const char byte : name) {
        hash = hash * 33 + static_cast<uint8_t>(byte);
    }
    return hash;
}

}  // namespace

Result<ElfImage> ElfImage::read(int fd) {
    ElfImage image(fd);
    if (auto read = image.read_headers(); !read) {
        return read.error();
    }
    return image;
}

Result<void> ElfImage::read_headers() {
    struct stat status {};
    if (fstat(fd_, &status) != 0) {
        return errno_error("read the file's size", errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return Error{"not a regular file", ENOEXEC};
    }
    file_size_ = static_cast<uint64_t>(status.st_size);
    std::array<uint8_t, sizeof(Elf64_Ehdr)> start{};
    const size_t got = copy_offset(0, start);
    if (got < sizeof(Elf32_Ehdr) || std::memcmp(start.data(), ELFMAG, SELFMAG) != 0) {
        return Error{"not an ELF file", ENOEXEC};
    }
    const bool wide = start[EI_CLASS] == ELFCLASS64;
    if (start[EI_DATA] != ELFDATA2LSB || (wide && got < sizeof(Elf64_Ehdr))) {
        return Error{"a damaged ELF file, or one of another byte order"};
    }
    const FileHeader header =
        wide ? file_header<Elf64_Ehdr>(start) : file_header<Elf32_Ehdr>(start);
    if (header.machine == EM_X86_64 && wide) {
        machine_ = Machine::kX86_64;
    } else if (header.machine == EM_AARCH64 && wide) {
        machine_ = Machine::kAarch64;
    } else if (header.machine == EM_386 && !wide) {
        machine_ = Machine::kI386;
    } else {
        return Error{"of another machine than x86-64, i386 and aarch64", ENOEXEC};
    }
    is_fixed_ = header.is_fixed;
    sections_ = header.sections;
    const size_t size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (header.header_size != size || header.headers * size > kMaxHeaders) {
        return Error{"a damaged ELF file: its program headers are of another size"};
    }
    std::vector<uint8_t> headers(header.headers * size);
    if (copy_offset(header.headers_offset, headers) != headers.size()) {
        return Error{"a damaged ELF file: its program headers lie beyond its end"};
    }
    uint64_t total = 0;
    ProgramHeader dynamic;
    for (size_t at = 0; at < headers.size(); at += size) {
        const auto bytes = std::span<const uint8_t>(headers).subspan(at, size);
        ProgramHeader each =
            wide ? program_header<Elf64_Phdr>(bytes) : program_header<Elf32_Phdr>(bytes);
        if (each.offset >= file_size_) {
            continue;
        }
        each.size = std::min(each.size, file_size_ - each.offset);
        each.size = std::min(each.size, UINT64_MAX - each.address);
        if (each.type == PT_DYNAMIC) {
            dynamic = each;
        } else if (each.type == PT_GNU_EH_FRAME) {
            unwind_header_ = each.address;
        } else if (each.type == PT_GNU_RELRO) {
            constant_ = {each.address, each.offset, each.size, false, false};
        }
        if (each.type != PT_LOAD || each.size == 0) {
            continue;
        }
        total += each.size;
        segments_.push_back({each.address, each.offset, each.size, (each.flags & PF_X) != 0,
                             (each.flags & PF_W) != 0});
    }
    if (total > file_size_ + kMaxPage * segments_.size()) {
        return Error{"a damaged ELF file: its segments are larger than itself"};
    }
    read_dynamic(dynamic.offset, dynamic.size);
    return {};
}

void ElfImage::read_dynamic(uint64_t offset, uint64_t size) {
    const size_t half = pointer_size();
    const uint64_t entries = std::min<uint64_t>(size / (2 * half), kMaxDynamicEntries);
    std::vector<uint8_t> bytes(entries * 2 * half);
    bytes.resize(copy_offset(offset, bytes));
    for (size_t at = 0; at + 2 * half <= bytes.size(); at += 2 * half) {
        const bool wide = half == 8;
        const uint64_t tag = wide ? take<uint64_t>(bytes, at) : take<uint32_t>(bytes, at);
        const uint64_t value =
            wide ? take<uint64_t>(bytes, at + half) : take<uint32_t>(bytes, at + half);
        switch (tag) {
            case DT_NULL:
                return;
            case DT_SYMTAB:
                dynamic_.symbols = value;
                break;
            case DT_STRTAB:
                dynamic_.strings = value;
                break;
            case DT_GNU_HASH:
                dynamic_.gnu_hash = value;
                break;
            case DT_PLTGOT:
                dynamic_.pltgot = value;
                break;
            case DT_RELA:
                dynamic_.relocations = value;
                break;
            case DT_RELASZ:
                dynamic_.relocations_size = value;
                break;
            case DT_JMPREL:
                dynamic_.linkage = value;
                break;
            case DT_PLTRELSZ:
                dynamic_.linkage_size = value;
                break;
            case DT_REL:
                dynamic_.short_relocations = value;
                break;
            case DT_RELSZ:
                dynamic_.short_relocations_size = value;
                break;
            default:
                break;
        }
    }
}

const Segment* ElfImage::segment_at(uint64_t address) const {
    const auto found = std::ranges::find_if(
        segments_, [address](const Segment& each) { return each.holds(address); });
    return found != segments_.end() ? &*found : nullptr;
}

bool ElfImage::is_code(uint64_t address) const {
    const Segment* segment = segment_at(address);
    return segment != nullptr && segment->executable;
}

bool ElfImage::is_constant(uint64_t address) const {
    const Segment* segment = segment_at(address);
    return segment != nullptr && (!segment->writable || constant_.holds(address));
}

std::optional<uint64_t> ElfImage::file_offset(uint64_t address) const {
    const Segment* segment = segment_at(address);
    if (segment == nullptr) {
        return {};
    }
    return segment->offset + (address - segment->address);
}

size_t ElfImage::copy_offset(uint64_t offset, std::span<uint8_t> to) const {
    size_t done = 0;
    while (done < to.size() && offset + done < file_size_) {
        const ssize_t got =
            pread(fd_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        done += static_cast<size_t>(got);
    }
    return done;
}

size_t ElfImage::copy(uint64_t address, std::span<uint8_t> to) const {
    const Segment* segment = segment_at(address);
    if (segment == nullptr) {
        return 0;
    }
    const uint64_t into = address - segment->address;
    const uint64_t size = std::min<uint64_t>(to.size(), segment->size - into);
    return copy_offset(segment->offset + into, to.first(static_cast<size_t>(size)));
}

std::span<const uint8_t> ElfImage::view(uint64_t address, size_t size) const {
    size = std::min(size, kWindow);
    const auto window = [this] { return std::span<const uint8_t>(window_).first(window_size_); };
    const bool begins_inside = address - window_address_ < window_size_;
    if (!begins_inside || window_size_ - (address - window_address_) < size) {
        window_address_ = address;
        window_size_ = copy(address, window_);
    }
    const auto rest = window().subspan(std::min<uint64_t>(address - window_address_, window_size_));
    return rest.first(std::min(size, rest.size()));
}

std::optional<uint64_t> ElfImage::number_at(uint64_t address, size_t size) const {
    const std::span<const uint8_t> bytes = view(address, size);
    if (bytes.size() < size) {
        return {};
    }
    uint64_t value = 0;
    std::memcpy(&value, bytes.data(), size);
    return value;
}

bool ElfImage::has_text(uint64_t address, std::string_view text) const {
    const std::span<const uint8_t> bytes = view(address, text.size() + 1);
    return bytes.size() == text.size() + 1 && bytes.back() == 0 &&
           std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

std::optional<uint64_t> ElfImage::exported(std::string_view name) const {
    // Header: buckets, first symbol, size of the Bloom filter in words, its shift; then the filter,
    // the buckets, and the hashes.
    const uint64_t table = dynamic_.gnu_hash;
    const auto buckets = number_at(table, 4);
    const auto first = number_at(table + 4, 4);
    const auto bloom = number_at(table + 8, 4);
    if (table == 0 || !buckets || !first || !bloom || *buckets == 0 || name.size() > kMaxName) {
        return {};
    }
    const uint64_t bucket_table = table + 16 + *bloom * pointer_size();
    const uint64_t hashes = bucket_table + *buckets * 4;
    const uint32_t hash = gnu_hash(name);
    auto symbol = number_at(bucket_table + hash % *buckets * 4, 4);
    const bool wide = pointer_size() == 8;
    for (size_t step = 0; symbol && *symbol >= *first && step < kMaxChain; ++step, ++*symbol) {
        const auto other = number_at(hashes + (*symbol - *first) * 4, 4);
        if (!other) {
            return {};
        }
        if ((*other | 1) == (hash | 1)) {
            const uint64_t entry =
                dynamic_.symbols + *symbol * (wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
            const auto name_at = number_at(entry, 4);
            const auto section = number_at(entry + (wide ? 6 : 14), 2);
            const auto value = number_at(entry + (wide ? 8 : 4), pointer_size());
            if (name_at && section && value && *section != SHN_UNDEF &&
                has_text(dynamic_.strings + *name_at, name)) {
                return value;
            }
        }
        if ((*other & 1) != 0) {
            return {};
        }
    }
    return {};
}

std::optional<ElfImage::Relocation> ElfImage::find_relocation(
    const std::function<bool(const Relocation&)>& wanted) const {
    if (pointer_size() != 8) {
        return {};  // Elf32_Rel leaves the target in the data
    }
    const uint64_t relative =
        machine_ == Machine::kAarch64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
    const uint64_t count = std::min(dynamic_.relocations_size, file_size_) / sizeof(Elf64_Rela);
    for (uint64_t i = 0; i < count; ++i) {
        const auto bytes = view(dynamic_.relocations + i * sizeof(Elf64_Rela), sizeof(Elf64_Rela));
        if (bytes.size() < sizeof(Elf64_Rela)) {
            break;
        }
        const auto entry = take<Elf64_Rela>(bytes);
        const Relocation relocation{entry.r_offset, static_cast<uint64_t>(entry.r_addend)};
        if (ELF64_R_TYPE(entry.r_info) == relative && wanted(relocation)) {
            return relocation;
        }
    }
    return {};
}

std::optional<uint64_t> ElfImage::relocated_pointer_at(uint64_t address) const {
    const auto found =
        find_relocation([address](const Relocation& each) { return each.address == address; });
    return found ? found->target : pointer_at(address);
}

std::optional<uint64_t> ElfImage::pointer_to(uint64_t target) const {
    const auto found =
        find_relocation([target](const Relocation& each) { return each.target == target; });
    if (found) {
        return found->address;
    }
    std::array<uint8_t, 8> bytes{};
    std::memcpy(bytes.data(), &target, sizeof(target));
    for (const Segment& segment : segments_) {
        if (!segment.writable) {
            continue;
        }
        SegmentReader reader(*this, segment, pointer_size() - 1);
        for (auto piece = reader.next(); !piece.empty(); piece = reader.next()) {
            const uint64_t unaligned = reader.address() % pointer_size();
            for (size_t at = unaligned == 0 ? 0 : pointer_size() - unaligned;
                 at + pointer_size() <= piece.size(); at += pointer_size()) {
                if (std::memcmp(piece.data() + at, bytes.data(), pointer_size()) == 0) {
                    return reader.address() + at;
                }
            }
        }
    }
    return {};
}

SegmentReader::SegmentReader(const ElfImage& image, const Segment& segment, size_t overlap)
    : image_(image),
      address_(segment.address),
      left_(segment.size),
      overlap_(overlap),
      buffer_(static_cast<size_t>(std::min<uint64_t>(segment.size, kPiece))) {}

std::span<const uint8_t> SegmentReader::next() {
    const size_t kept = std::min(overlap_, filled_);
    std::memmove(buffer_.data(), buffer_.data() + filled_ - kept, kept);
    address_ += filled_ - kept;
    const uint64_t wanted = std::min<uint64_t>(left_, buffer_.size() - kept);
    const size_t got =
        image_.copy(address_ + kept, std::span(buffer_).subspan(kept, static_cast<size_t>(wanted)));
    left_ = got < wanted ? 0 : left_ - got;  // somebody has cut the file
    filled_ = kept + got;
    return got > 0 ? std::span<const uint8_t>(buffer_).first(filled_) : std::span<const uint8_t>{};
}

}  // namespace capture::tls
