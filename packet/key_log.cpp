// SPDX-License-Identifier: GPL-2.0-only
#include "packet/key_log.h"

#include <algorithm>
#include <cstring>

namespace packet {
namespace {

// Nothing has no address.
void overwrite(void* bytes, size_t size) {
    if (size > 0) {
        explicit_bzero(bytes, size);
    }
}

constexpr size_t kMaxLabel = 64;
// An ECHConfig is the longest that there is; its length has 16 bits (RFC 9849, 4).
constexpr size_t kMaxSecret = 65535 + 2;

std::optional<uint8_t> digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<uint8_t>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<uint8_t>(c - 'a' + 10);
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<uint8_t>(c - 'A' + 10);
    }
    return std::nullopt;
}

// Reads two digits for each byte of `out`. Returns false if `text` isn't exactly that.
bool read_hex(std::string_view text, std::span<uint8_t> out) {
    if (text.size() != out.size() * 2) {
        return false;
    }
    for (size_t i = 0; i < out.size(); ++i) {
        const auto high = digit(text[2 * i]);
        const auto low = digit(text[2 * i + 1]);
        if (!high || !low) {
            return false;
        }
        out[i] = static_cast<uint8_t>(*high << 4 | *low);
    }
    return true;
}

void append_hex(std::string& out, std::span<const uint8_t> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const uint8_t byte : bytes) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
}

bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= kMaxLabel && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

// Takes what stands before the next space, or all of it.
std::string_view take_field(std::string_view& rest) {
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
}

}  // namespace

Secret::~Secret() {
    overwrite(bytes_.data(), bytes_.size());
}

std::optional<KeyLogLine> parse_key_log_line(std::string_view line) {
    const std::string_view label = take_field(line);
    const std::string_view random = take_field(line);
    KeyLogLine parsed;
    if (!is_label(label) || !read_hex(random, parsed.client_random) || line.empty() ||
        line.size() > kMaxSecret * 2) {
        return std::nullopt;
    }
    std::vector<uint8_t> secret(line.size() / 2);
    const bool is_hex = read_hex(line, secret);
    if (is_hex) {
        parsed.label = label;
        parsed.secret = Secret(secret);
    }
    overwrite(secret.data(), secret.size());
    return is_hex ? std::optional(std::move(parsed)) : std::nullopt;
}

void split_key_log(std::string_view text, const std::function<void(std::string_view)>& take) {
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (!line.empty()) {
            take(line);
        }
    }
}

void read_key_log(std::string_view text, const std::function<void(const KeyLogLine&)>& take) {
    split_key_log(text.substr(0, text.find('\0')), [&](std::string_view line) {
        if (const auto parsed = parse_key_log_line(line)) {
            take(*parsed);
        }
    });
}

void append_key_log(std::string& out, std::span<const KeyLogLine> lines) {
    size_t size = out.size();
    for (const KeyLogLine& line : lines) {
        size +=
            line.label.size() + 2 * (line.client_random.size() + line.secret.bytes().size()) + 3;
    }
    if (size > out.capacity()) {
        std::string larger;
        larger.reserve(std::max(size, 2 * out.capacity()));
        larger += out;
        out.swap(larger);
        wipe(larger);
    }
    for (const KeyLogLine& line : lines) {
        out += line.label;
        out += ' ';
        append_hex(out, line.client_random);
        out += ' ';
        append_hex(out, line.secret.bytes());
        out += '\n';
    }
}

void wipe(std::string& text) {
    overwrite(text.data(), text.size());
    text.clear();
}

bool is_exporter_label(std::string_view label) {
    return label == "EXPORTER_SECRET" || label == "EARLY_EXPORTER_SECRET" ||
           label == "EARLY_EXPORTER_MASTER_SECRET";
}

}  // namespace packet
