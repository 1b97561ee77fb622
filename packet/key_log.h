// SPDX-License-Identifier: GPL-2.0-only
//
// KeyLogLine: a secret of a TLS connection, as a line of a key log file has it (RFC 9850,
// "SSLKEYLOGFILE"): a label, the random of the connection's ClientHello, the secret. Parsing trusts
// nothing and copies; a secret is overwritten when its owner goes. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace packet {

// The random of a ClientHello, by which a key log names the connection.
using ClientRandom = std::array<uint8_t, 32>;

// Bytes that are overwritten before their memory is given back.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::span<const uint8_t> bytes) : bytes_(bytes.begin(), bytes.end()) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) noexcept = default;
    Secret& operator=(Secret other) noexcept {
        bytes_.swap(other.bytes_);
        return *this;
    }
    ~Secret();

    std::span<const uint8_t> bytes() const { return bytes_; }
    bool operator==(const Secret&) const = default;

  private:
    std::vector<uint8_t> bytes_;
};

struct KeyLogLine {
    std::string label;  // one of [A-Z0-9_]
    ClientRandom client_random{};
    Secret secret;  // TLS 1.2: the 48 bytes of the master secret; 1.3: as long as the hash

    bool operator==(const KeyLogLine&) const = default;
};

// Parses a line without its end. Labels needn't be known. Returns nothing for a comment, an empty
// or broken line, and for a line whose second field is something else than a client random (RSA).
std::optional<KeyLogLine> parse_key_log_line(std::string_view line);

// Calls take(line) for each line of `text` that isn't empty, whatever it is, without its end: LF or
// CRLF. The last may have no end.
void split_key_log(std::string_view text, const std::function<void(std::string_view)>& take);

// The same for each line that can be parsed. Lines before a NUL only: what is behind it is padding.
void read_key_log(std::string_view text, const std::function<void(const KeyLogLine&)>& take);

// Appends the lines, each with a newline, numbers in lower case as OpenSSL writes them. The caller
// overwrites `out` when it is done with it (wipe()); memory that `out` outgrows is overwritten
// here.
void append_key_log(std::string& out, std::span<const KeyLogLine> lines);

// Overwrites and clears a text that has secrets in it.
void wipe(std::string& text);

// Returns whether the label is that of a secret which decrypts no packet but is made for other uses
// ("keying material exporters", RFC 8446, 7.5). We never write those.
bool is_exporter_label(std::string_view label);

}  // namespace packet
