// SPDX-License-Identifier: GPL-2.0-only
//
// The first words of what TCP carries: an HTTP/1 request or status line, the server that a TLS
// client asks for, DNS. Text of the network may hold anything: see append_unforged().
#include <algorithm>

#include "packet/dissect/dns.h"
#include "packet/dissect/server_name.h"
#include "packet/line/decode_parts.h"
#include "packet/line/terminal_text.h"

namespace packet {
namespace {

constexpr size_t kMaxLine = 512;  // of what is shown; servers take longer requests

bool is_http_port(uint16_t port) {  // tcpdump's
    return port == 80 || port == 8080 || port == 3128;
}

std::string_view first_line(Piece payload) {
    const auto bytes = payload.captured();
    const void* start = bytes.data();
    const std::string_view text(static_cast<const char*>(start), std::min(bytes.size(), kMaxLine));
    const std::string_view line = text.substr(0, text.find('\n'));
    return line.substr(0, line.find('\r'));
}

// "GET /path HTTP/1.1", "HTTP/1.1 200 OK". A request may go on behind what was captured.
bool is_http_line(std::string_view line, bool on_http_port) {
    if (line.starts_with("HTTP/1.")) {
        return true;
    }
    const size_t method = line.find(' ');
    const bool has_method = method != std::string_view::npos && method > 0 && method <= 16 &&
                            line.substr(0, method).find_first_not_of(
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == std::string_view::npos;
    if (!has_method) {
        return false;
    }
    const size_t version = line.rfind(" HTTP/1.");
    const bool has_version = version != std::string_view::npos && version + 9 == line.size();
    return has_version || (on_http_port && line.size() > method + 1 && line[method + 1] == '/');
}

void append_tls(fmt::memory_buffer& out, Piece payload) {
    // A handshake record whose message is a ClientHello.
    if (!payload.has(6) || payload.u8(0) != 22 || payload.u8(1) != 3 || payload.u8(5) != 1) {
        return;
    }
    std::vector<std::byte> scratch;
    const ReadName read = read_tls_server_name(payload.captured(), scratch);
    if (read.verdict == ReadName::Verdict::kFound && !read.name.empty()) {
        append(out, ": TLS: ");
        append_word(out, read.name);
    }
}

}  // namespace

void append_tcp_payload(fmt::memory_buffer& out, Ports ports, Piece payload, int verbose) {
    if (ports.source == kDnsPort || ports.target == kDnsPort) {
        constexpr size_t kLength = 2;  // what stands before each message (RFC 1035, 4.2.2)
        if (payload.has(kLength)) {
            append(out, " ");
            append_dns(out, ports, payload.after(kLength).first(payload.u16(0)), verbose);
        }
        return;
    }
    const bool on_http_port = is_http_port(ports.source) || is_http_port(ports.target);
    if (const std::string_view line = first_line(payload); is_http_line(line, on_http_port)) {
        append(out, ": HTTP: ");
        append_unforged(out, line);
    } else if (on_http_port) {
        append(out, ": HTTP");
    } else {
        append_tls(out, payload);
    }
}

}  // namespace packet
