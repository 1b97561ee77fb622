// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/tracepoint_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "bpf/contract.h"

namespace capture {
namespace {

using packet::EventField;
using packet::FieldKind;
using pcapng::Error;

// PERF_MAX_TRACE_SIZE of include/linux/trace_events.h, 2048 on older kernels.
constexpr uint32_t kMaxRecord = 8192;
// What perf_call_bpf_enter() of kernel/trace/trace_syscalls.c gives a program: common fields,
// number, six arguments.
constexpr uint32_t kSystemCallRecord = 16 + 6 * 8;
constexpr std::string_view kCommon = "common_";
constexpr std::string_view kThread = "common_pid";
constexpr std::string_view kDataLocation = "__data_loc ";

// A line of the format, as in
//     field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;
struct Line {
    std::string_view type;  // "__data_loc char[]", "const void *", "char"
    std::string_view name;
    bool is_array = false;
    uint32_t offset = 0;
    uint32_t size = 0;
    bool is_signed = false;
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const size_t first = text.find_first_not_of(kSpace);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

std::optional<uint32_t> number(std::string_view text) {
    uint32_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    return code == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Returns what stands behind `key` up to the next semicolon, or nullopt.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
    const size_t at = line.find(key);
    const size_t begin = at + key.size();
    const size_t end = at == std::string_view::npos ? at : line.find(';', begin);
    return end == std::string_view::npos ? std::nullopt
                                         : std::optional(trimmed(line.substr(begin, end - begin)));
}

std::optional<Line> parse_line(std::string_view text) {
    const auto declared = value_of(text, "field:");
    const auto offset = number(value_of(text, "offset:").value_or(""));
    const auto size = number(value_of(text, "size:").value_or(""));
    const auto is_signed = number(value_of(text, "signed:").value_or(""));
    if (!declared || !offset || !size || !is_signed) {
        return std::nullopt;
    }
    Line line;
    line.offset = *offset;
    line.size = *size;
    line.is_signed = *is_signed != 0;
    std::string_view declaration = *declared;
    if (declaration.ends_with(']')) {
        const size_t open = declaration.rfind('[');
        if (open == std::string_view::npos) {
            return std::nullopt;
        }
        line.is_array = true;
        declaration = trimmed(declaration.substr(0, open));
    }
    size_t begin = declaration.size();
    while (begin > 0 && is_name_char(declaration[begin - 1])) {
        begin--;
    }
    line.name = declaration.substr(begin);
    line.type = trimmed(declaration.substr(0, begin));
    return line.name.empty() || line.type.empty() ? std::nullopt : std::optional(line);
}

bool is_number_size(uint32_t size) {
    return size == 1 || size == 2 || size == 4 || size == 8;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

FieldKind kind_of(const Line& line, const std::string& conversion) {
    if (line.type.starts_with(kDataLocation)) {
        return line.type.find("char") != std::string_view::npos ? FieldKind::kString
                                                                : FieldKind::kDynamic;
    }
    if (conversion.starts_with("pI4") && line.size == 4) {
        return FieldKind::kIp4;
    }
    if (conversion.starts_with("pI6") && line.size == 16) {
        return FieldKind::kIp6;
    }
    if (conversion.starts_with("pIS") && line.size >= 16) {
        return FieldKind::kSocketAddress;
    }
    if (line.is_array) {
        return is_one_of(line.type, {"char", "unsigned char"}) ? FieldKind::kChars
                                                               : FieldKind::kBytes;
    }
    // Numbers in network order aren't those of a layout.
    if (!is_number_size(line.size) || line.type.find("__be") != std::string_view::npos) {
        return FieldKind::kBytes;
    }
    if (line.size == sizeof(uint64_t) &&
        (line.type.ends_with('*') || conversion.starts_with('p'))) {
        return FieldKind::kPointer;
    }
    return line.is_signed ? FieldKind::kSigned : FieldKind::kUnsigned;
}

// An argument of a system call stands in a register, of which an int has the lower half.
void narrow_argument(const Line& line, EventField& field) {
    if (field.size != sizeof(uint64_t) || field.kind != FieldKind::kUnsigned) {
        return;
    }
    const bool is_int = is_one_of(line.type, {"int", "pid_t", "clockid_t", "key_serial_t"});
    if (is_int || is_one_of(line.type, {"unsigned int", "unsigned", "u32", "uid_t", "gid_t"})) {
        field.size = sizeof(uint32_t);
    }
    if (is_int || is_one_of(line.type, {"long", "loff_t", "off_t"})) {
        field.kind = FieldKind::kSigned;
    }
}

// Numbers are compared with a field's own, which has so many bytes.
uint64_t cut(uint64_t value, const EventField& field) {
    return field.kind == FieldKind::kSigned || field.size >= sizeof(uint64_t)
               ? value
               : value & ((uint64_t{1} << (field.size * 8)) - 1);
}

void add_values(const Line& line, const PrintFormat& print, const KernelNames& names,
                EventField& field) {
    if (field.kind != FieldKind::kUnsigned && field.kind != FieldKind::kSigned) {
        return;
    }
    constexpr std::string_view kEnum = "enum ";
    const auto printed = print.values.find(std::string(line.name));
    if (printed != print.values.end() && !printed->second.empty()) {
        field.values = printed->second;
    } else if (line.type.starts_with(kEnum)) {
        field.values = names.enum_values(std::string(line.type.substr(kEnum.size())));
    }
    for (auto& [value, name] : field.values) {
        value = cut(value, field);
    }
}

// Notes the first address of a socket and of a packet.
void note_owner(const Line& line, TracepointFormat& format) {
    if (!line.type.ends_with('*') || line.size != sizeof(uint64_t)) {
        return;
    }
    const auto offset = static_cast<uint16_t>(line.offset);
    if (!format.socket_offset && is_one_of(line.name, {"skaddr", "sk", "rx_sk"})) {
        format.socket_offset = offset;
    } else if (!format.packet_offset && is_one_of(line.name, {"skbaddr", "skb", "skb_addr"})) {
        format.packet_offset = offset;
    }
}

class Parser {
  public:
    Parser(bool of_system_call, const KernelNames& names)
        : of_system_call_(of_system_call), names_(names) {}

    pcapng::Result<TracepointFormat> parse(std::string_view text) {
        PrintFormat print;
        std::vector<Line> lines;
        std::optional<uint32_t> id;
        while (!text.empty()) {
            const size_t end = text.find('\n');
            const std::string_view row = trimmed(text.substr(0, end));
            text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
            constexpr std::string_view kPrint = "print fmt: ";
            if (row.starts_with("ID: ")) {
                id = number(row.substr(4));
            } else if (row.starts_with(kPrint)) {
                print = parse_print_format(row.substr(kPrint.size()), names_.constant);
            } else if (row.starts_with("field:")) {
                const auto line = parse_line(row);
                if (!line) {
                    return Error{fmt::format("not understood: {}", row)};
                }
                lines.push_back(*line);
            }
        }
        if (!id || lines.empty()) {
            return Error{"it has no number or no fields"};
        }
        format_.id = *id;
        for (const Line& line : lines) {
            if (uint64_t{line.offset} + line.size > kMaxRecord) {
                return Error{
                    fmt::format("the field {} ends behind {} bytes", line.name, kMaxRecord)};
            }
            add(line, print);
        }
        return std::move(format_);
    }

  private:
    void add(const Line& line, const PrintFormat& print) {
        const uint32_t end = line.offset + line.size;
        if (line.name.starts_with(kCommon) && line.name != kThread) {
            return;
        }
        if (of_system_call_ && end > kSystemCallRecord) {
            return;
        }
        const auto found = print.conversions.find(std::string(line.name));
        EventField field;
        field.name = line.name;
        field.kind =
            kind_of(line, found != print.conversions.end() ? found->second : std::string());
        field.offset = line.offset;
        field.size = line.size;
        const bool located = field.kind == FieldKind::kString || field.kind == FieldKind::kDynamic;
        if (located && (of_system_call_ || line.size != packet::kLocatorSize ||
                        format_.dynamic_offsets.size() >= PIDCAP_DYNAMIC_FIELDS)) {
            return;
        }
        if (located) {
            format_.dynamic_offsets.push_back(static_cast<uint16_t>(line.offset));
        }
        if (of_system_call_) {
            narrow_argument(line, field);
        } else {
            note_owner(line, format_);
        }
        add_values(line, print, names_, field);
        format_.fixed_size = std::max(format_.fixed_size, static_cast<uint16_t>(end));
        if (packet::is_valid_field(field) && !has(field.name)) {
            format_.layout.fields.push_back(std::move(field));
        }
    }

    bool has(const std::string& name) const {
        const auto& fields = format_.layout.fields;
        return std::any_of(fields.begin(), fields.end(),
                           [&name](const EventField& field) { return field.name == name; });
    }

    bool of_system_call_;
    const KernelNames& names_;
    TracepointFormat format_;
};

}  // namespace

pcapng::Result<TracepointFormat> parse_tracepoint_format(std::string_view text, bool of_system_call,
                                                         const KernelNames& names) {
    return Parser(of_system_call, names).parse(text);
}

}  // namespace capture
