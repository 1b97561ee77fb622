// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/go_functions.h"

#include <algorithm>
#include <array>

#include "capture/tls/byte_search.h"

namespace capture::tls {
namespace {

using Bytes = std::span<const uint8_t>;

// runtime/symtab.go, pcHeader: the magic number, two zeros, the smallest size of an instruction,
// the size of a pointer; then numbers of that size: functions, files, from Go 1.18 on the address
// that functions are reckoned from, and where the parts of the table begin.
constexpr uint8_t kMagic116 = 0xfa;
constexpr uint8_t kMagic118 = 0xf0;
constexpr uint8_t kMagic120 = 0xf1;
constexpr uint64_t kHeaderStart = 8;
constexpr uint64_t kMaxFunctions = 1'000'000;
// What looks like a table; a program has one.
constexpr int kMaxCandidates = 4;
constexpr size_t kMaxVersion = 64;

// moduledata, in words from its start: the table's header; slices, the first of names, the sixth of
// functions; a pointer; the first function, the end of the last, the address that they are reckoned
// from.
constexpr uint64_t kModuleNames = 1;
constexpr uint64_t kModuleFunctions = 16;
constexpr uint64_t kModuleFirst = 20;
constexpr uint64_t kModuleText = 22;

class TableReader {
  public:
    TableReader(const ElfImage& image, const GoTable& table)
        : image_(image), table_(table), word_(image.pointer_size()) {
        if (table.has_offsets) {
            text_ = field(2) != 0 ? field(2) : text_of_module();
        }
    }

    uint64_t functions() const { return field(0); }
    std::optional<CodeRange> code_of(std::string_view name) const;
    // Plausible, as bytes elsewhere may look like a header.
    bool is_table() const {
        return functions() > 0 && functions() < kMaxFunctions && image_.is_code(entry(0)) &&
               image_.is_code(entry(functions() - 1)) && entry(0) <= entry(functions() - 1);
    }

  private:
    uint64_t field(uint64_t number) const {
        return image_.number_at(table_.address + kHeaderStart + number * word_, word_).value_or(0);
    }
    uint64_t first_part() const { return table_.has_offsets ? 3 : 2; }
    uint64_t names() const { return table_.address + field(first_part()); }
    uint64_t list() const { return table_.address + field(first_part() + 4); }
    size_t entry_size() const { return table_.has_offsets ? 4 : word_; }
    uint64_t list_number(uint64_t function, uint64_t which) const {
        return image_.number_at(list() + (function * 2 + which) * entry_size(), entry_size())
            .value_or(0);
    }
    uint64_t entry(uint64_t function) const { return list_number(function, 0) + text_; }
    uint64_t text_of_module() const;

    const ElfImage& image_;
    GoTable table_;
    size_t word_;
    uint64_t text_ = 0;
};

// Since Go 1.26 the header doesn't have it, and where programs are loaded anywhere only the dynamic
// linker puts it there.
uint64_t TableReader::text_of_module() const {
    const auto module = image_.pointer_to(table_.address);
    const auto word = [&](uint64_t number) {
        return image_.relocated_pointer_at(*module + number * word_).value_or(0);
    };
    if (!module || word(kModuleNames) != names() || word(kModuleFunctions) != list()) {
        return 0;
    }
    const uint64_t text = word(kModuleText);
    return word(kModuleFirst) == text + list_number(0, 0) ? text : 0;
}

std::optional<CodeRange> TableReader::code_of(std::string_view name) const {
    const auto name_at = find_bytes(image_, bytes_of(name), [&](uint64_t address) {
        return address > names() && image_.number_at(address - 1, 1) == 0 &&
               image_.has_text(address, name);
    });
    const uint64_t count = name_at ? functions() : 0;
    for (uint64_t function = 0; function < count; ++function) {
        const uint64_t details = list() + list_number(function, 1);
        const auto offset = image_.number_at(details + entry_size(), 4);
        if (offset && names() + *offset == *name_at) {
            // Behind the last function the list has where that one ends.
            return CodeRange{entry(function), entry(function + 1)};
        }
    }
    return {};
}

}  // namespace

std::optional<GoTable> find_go_table(const ElfImage& image) {
    const std::array<uint8_t, 7> header = {
        0xff,
        0xff,
        0xff,
        0,
        0,
        static_cast<uint8_t>(image.machine() == Machine::kAarch64 ? 4 : 1),
        static_cast<uint8_t>(image.pointer_size())};
    GoTable table;
    int candidates = 0;
    const auto found = find_bytes(image, header, [&](uint64_t address) {
        table.address = address - 1;
        const auto magic = image.number_at(table.address, 1);
        table.has_offsets = magic != kMagic116;
        return table.address % image.pointer_size() == 0 &&
               (magic == kMagic116 || magic == kMagic118 || magic == kMagic120) &&
               ++candidates <= kMaxCandidates && TableReader(image, table).is_table();
    });
    return found ? std::optional(table) : std::nullopt;
}

std::optional<CodeRange> find_go_function(const ElfImage& image, const GoTable& table,
                                          std::string_view name) {
    return TableReader(image, table).code_of(name);
}

// debug/buildinfo: 14 bytes, the size of a pointer, flags; since Go 1.18 (flag 2) at 32 the length
// and the text.
std::string go_version(const ElfImage& image) {
    constexpr std::string_view kStart = "\xff Go buildinf:";
    constexpr std::string_view kPrefix = "go";
    const auto found =
        find_bytes(image, bytes_of(kStart), [](uint64_t address) { return address % 16 == 0; });
    if (!found) {
        return {};
    }
    uint64_t text = *found + 33;
    uint64_t length = image.number_at(*found + 32, 1).value_or(0);
    if ((image.number_at(*found + 15, 1).value_or(0) & 2) == 0) {
        // The address of a string's address and length.
        const uint64_t string = image.number_at(*found + 16, image.pointer_size()).value_or(0);
        text = image.pointer_at(string).value_or(0);
        length = image.pointer_at(string + image.pointer_size()).value_or(0);
    }
    const Bytes bytes =
        image.view(text, static_cast<size_t>(std::min<uint64_t>(length, kMaxVersion)));
    std::string version(bytes.begin(), bytes.end());
    const auto is_plain = [](char byte) { return byte > ' ' && byte < 127; };
    if (!version.starts_with(kPrefix) || !std::ranges::all_of(version, is_plain)) {
        return {};
    }
    return version.substr(kPrefix.size());
}

}  // namespace capture::tls
