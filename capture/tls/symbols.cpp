// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/symbols.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "capture/tls/byte_search.h"

namespace capture::tls {
namespace {

constexpr size_t kPiece = size_t{256} * 1024;
constexpr size_t kMaxSections = 4096;
// Of names, that are remembered: a file could be full of them.
constexpr size_t kMaxPlaces = 10'000;

struct Section {
    uint32_t type = 0;
    uint32_t link = 0;  // of a table of symbols, the section with their names
    uint64_t offset = 0;
    uint64_t size = 0;
};

template <typename Header>
Section section_of(const uint8_t* bytes) {
    Header header;
    std::memcpy(&header, bytes, sizeof(header));
    return {header.sh_type, header.sh_link, header.sh_offset, header.sh_size};
}

std::optional<Section> section_at(const ElfImage& image, size_t number) {
    const bool wide = image.pointer_size() == 8;
    const size_t size = wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    const ElfImage::Sections& all = image.sections();
    std::vector<uint8_t> bytes(size);
    if (all.size != size || number >= std::min(all.number, kMaxSections) ||
        image.copy_offset(all.offset + number * size, bytes) != size) {
        return {};
    }
    return wide ? section_of<Elf64_Shdr>(bytes.data()) : section_of<Elf32_Shdr>(bytes.data());
}

// Calls `visit` with the section's bytes, in pieces of a multiple of `unit`, each of which begins
// with the last `overlap` bytes of the one before; and where in the section each begins.
void each_piece(const ElfImage& image, const Section& section, size_t unit, size_t overlap,
                const std::function<void(std::span<const uint8_t>, uint64_t)>& visit) {
    std::vector<uint8_t> bytes(kPiece / unit * unit);
    for (uint64_t at = 0; at < section.size;) {
        const auto wanted =
            static_cast<size_t>(std::min<uint64_t>(bytes.size(), section.size - at));
        const size_t got = image.copy_offset(section.offset + at, std::span(bytes).first(wanted));
        visit(std::span(bytes).first(got), at);
        if (got < wanted || got <= overlap || at + got >= section.size) {
            return;
        }
        at += got - overlap;
    }
}

// Where in the table of names the names end others or stand by themselves.
std::map<uint64_t, std::string_view> places_of(const ElfImage& image, const Section& section,
                                               std::span<const std::string_view> names) {
    size_t longest = 0;
    for (const std::string_view name : names) {
        longest = std::max(longest, name.size());
    }
    std::map<uint64_t, std::string_view> places;
    each_piece(image, section, 1, longest, [&](std::span<const uint8_t> piece, uint64_t begin) {
        for (const std::string_view name : names) {
            const std::string ended = std::string(name) + '\0';
            each_place(piece, bytes_of(ended), [&](size_t place) {
                if (places.size() < kMaxPlaces) {
                    places.emplace(begin + place, name);
                }
            });
        }
    });
    return places;
}

struct Symbol {
    uint32_t name = 0;
    uint8_t type = 0;
    uint16_t section = 0;
    uint64_t value = 0;
};

template <typename Entry>
Symbol symbol_of(const uint8_t* bytes) {
    Entry entry;
    std::memcpy(&entry, bytes, sizeof(entry));
    return {entry.st_name, static_cast<uint8_t>(ELF64_ST_TYPE(entry.st_info)), entry.st_shndx,
            entry.st_value};
}

}  // namespace

Symbols exported_functions(const ElfImage& image, std::span<const std::string_view> names) {
    Symbols found;
    for (const std::string_view name : names) {
        const auto address = image.exported(name);
        if (address && image.is_code(*address)) {
            found.emplace(name, *address);
        }
    }
    return found;
}

Symbols functions_in_symbol_table(const ElfImage& image, std::span<const std::string_view> names) {
    Symbols found;
    std::optional<Section> table;
    for (size_t i = 0; !table || table->type != SHT_SYMTAB; ++i) {
        table = section_at(image, i);
        if (!table) {
            return found;
        }
    }
    const auto texts = section_at(image, table->link);
    if (!texts) {
        return found;
    }
    const auto places = places_of(image, *texts, names);
    const bool wide = image.pointer_size() == 8;
    const size_t size = wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    each_piece(image, *table, size, 0, [&](std::span<const uint8_t> piece, uint64_t) {
        for (size_t at = 0; at + size <= piece.size(); at += size) {
            const Symbol symbol = wide ? symbol_of<Elf64_Sym>(piece.data() + at)
                                       : symbol_of<Elf32_Sym>(piece.data() + at);
            const auto name = places.find(symbol.name);
            if (name != places.end() && symbol.type == STT_FUNC && symbol.section != SHN_UNDEF &&
                image.is_code(symbol.value)) {
                found.emplace(name->second, symbol.value);
            }
        }
    });
    return found;
}

}  // namespace capture::tls
