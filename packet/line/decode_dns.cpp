// SPDX-License-Identifier: GPL-2.0-only
//
// DNS messages (RFC 1035; multicast: RFC 6762) in tcpdump's words: "7+ A? example.com. (29)",
// "7 1/0/0 A 192.0.2.1 (45)".
#include <array>

#include "packet/dissect/dns.h"
#include "packet/line/decode_parts.h"
#include "packet/line/terminal_text.h"

namespace packet {
namespace {

constexpr size_t kHeader = 12;
// A message may name more, and each may have a name that is a pointer to a long one.
constexpr unsigned kMostShown = 64;

enum Flag : uint16_t {
    kResponse = 0x8000,
    kAuthoritative = 0x0400,
    kTruncated = 0x0200,
    kRecursionDesired = 0x0100,
    kRecursionAvailable = 0x0080,
    kAuthentic = 0x0020,
    kCheckingDisabled = 0x0010,
};

constexpr uint16_t kClassIn = 1;
constexpr uint16_t kMulticastBit = 0x8000;  // of a class: "unicast, please", "flush the cache"

enum Type : uint16_t {
    kA = 1,
    kNs = 2,
    kCname = 5,
    kSoa = 6,
    kPtr = 12,
    kMx = 15,
    kTxt = 16,
    kAaaa = 28,
    kSrv = 33,
    kDname = 39,
    kOpt = 41,
};

class DnsLine {
  public:
    DnsLine(fmt::memory_buffer& out, Piece message, bool multicast, int verbose)
        : out_(out), message_(message), multicast_(multicast), verbose_(verbose) {}

    void append_message();

  private:
    bool append_response(uint16_t flags);
    bool append_query(uint16_t flags);
    bool append_questions(unsigned count, std::string_view before);
    bool append_question();
    bool append_records(unsigned count);
    bool append_section(unsigned count, std::string_view name);
    bool append_record();
    void append_data(uint16_t type, size_t at, size_t size, uint16_t record_class);
    bool append_name(size_t& at);
    void append_type(uint16_t type);
    void append_class(uint16_t record_class);
    void append_ttl(uint32_t seconds);
    void append_texts(size_t at, size_t size);
    void append_soa(size_t at, size_t size);

    fmt::memory_buffer& out_;
    Piece message_;
    bool multicast_;
    int verbose_;
    size_t at_ = kHeader;
};

void DnsLine::append_message() {
    if (!message_.has(kHeader)) {
        append(out_, "[|domain]");
        return;
    }
    const uint16_t flags = message_.u16(2);
    const bool whole = (flags & kResponse) != 0 ? append_response(flags) : append_query(flags);
    if (whole) {
        append(out_, " ({})", message_.length());
    } else {
        append(out_, " [|domain]");
    }
}

std::string_view operation_name(uint16_t flags) {
    static constexpr std::array<std::string_view, 7> kNames{"",        " inv_q",  " stat", " op3",
                                                            " notify", " update", " op6"};
    const unsigned operation = flags >> 11 & 0xfU;
    return operation < kNames.size() ? kNames[operation] : std::string_view(" op?");
}

std::string_view response_name(uint16_t flags) {
    static constexpr std::array<std::string_view, 16> kNames{
        "",          " FormErr", " ServFail", " NXDomain", " NotImp",  " Refused",
        " YXDomain", " YXRRSet", " NXRRSet",  " NotAuth",  " NotZone", " Resp11",
        " Resp12",   " Resp13",  " Resp14",   " Resp15"};
    return kNames[flags & 0xfU];
}

bool DnsLine::append_response(uint16_t flags) {
    append(out_, "{}{}{}{}{}{}{}", message_.u16(0), operation_name(flags), response_name(flags),
           (flags & kAuthoritative) != 0 ? "*" : "", (flags & kRecursionAvailable) != 0 ? "" : "-",
           (flags & kTruncated) != 0 ? "|" : "", (flags & kAuthentic) != 0 ? "$" : "");
    const unsigned questions = message_.u16(4);
    if (questions != 1) {
        append(out_, " [{}q]", questions);
    }
    if (verbose_ > 1) {
        if (!append_questions(questions, " q:")) {
            return false;
        }
    } else {
        for (unsigned i = 0; i < questions; i++) {
            if (!read_dns_name(message_, at_) || !message_.has(at_ + 4)) {
                return false;
            }
            at_ += 4;
        }
    }
    const unsigned answers = message_.u16(6);
    const unsigned servers = message_.u16(8);
    const unsigned more = message_.u16(10);
    append(out_, " {}/{}/{}", answers, servers, more);
    return append_records(answers) &&
           (verbose_ < 2 || (append_section(servers, " ns:") && append_section(more, " ar:")));
}

bool DnsLine::append_query(uint16_t flags) {
    append(out_, "{}{}{}{}", message_.u16(0), operation_name(flags),
           (flags & kRecursionDesired) != 0 ? "+" : "",
           (flags & kCheckingDisabled) != 0 ? "%" : "");
    if (const unsigned strange = flags & 0x06cfU; strange != 0) {
        append(out_, " [b2&3=0x{:x}]", flags);
    }
    const unsigned questions = message_.u16(4);
    const unsigned answers = message_.u16(6);
    const unsigned servers = message_.u16(8);
    const unsigned more = message_.u16(10);
    const auto count = [this](unsigned number, unsigned usual, std::string_view name) {
        if (number != usual) {
            append(out_, " [{}{}]", number, name);
        }
    };
    count(answers, 0, "a");
    count(questions, 1, "q");
    count(servers, 0, "n");
    count(more, 0, "au");
    return append_questions(questions, "") &&
           (verbose_ < 2 || (append_section(answers, " an:") && append_section(servers, " ns:") &&
                             append_section(more, " ar:")));
}

bool DnsLine::append_questions(unsigned count, std::string_view before) {
    for (unsigned i = 0; i < count; i++) {
        if (i == kMostShown) {
            append(out_, " ...");
            return true;
        }
        append(out_, "{}{}", i > 0 && !before.empty() ? "," : "", before);
        if (!append_question()) {
            return false;
        }
    }
    return true;
}

// " A? example.com."
bool DnsLine::append_question() {
    size_t behind = at_;
    if (!read_dns_name(message_, behind) || !message_.has(behind + 4)) {
        return false;
    }
    append(out_, " ");
    append_type(message_.u16(behind));
    append_class(message_.u16(behind + 2));
    append(out_, "? ");
    append_name(at_);
    at_ += 4;
    return true;
}

bool DnsLine::append_section(unsigned count, std::string_view name) {
    if (count == 0) {
        return true;
    }
    out_.append(name);
    return append_records(count);
}

bool DnsLine::append_records(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (i == kMostShown) {
            append(out_, ", ...");
            at_ = message_.length();  // what follows isn't looked for
            return true;
        }
        append(out_, "{}", i > 0 ? "," : "");
        if (!append_record()) {
            return false;
        }
    }
    return true;
}

bool DnsLine::append_record() {
    constexpr size_t kFields = 10;  // type, class, time to live, size
    size_t at = at_;
    if (!read_dns_name(message_, at) || !message_.has(at + kFields)) {
        return false;
    }
    if (verbose_ > 0) {
        append(out_, " ");
        append_name(at_);
    }
    const uint16_t type = message_.u16(at);
    const uint16_t record_class = message_.u16(at + 2);
    const size_t size = message_.u16(at + 8);
    if (type != kOpt) {
        append_class(record_class);
    }
    if (verbose_ > 2 && type != kOpt) {
        append_ttl(message_.u32(at + 4));
    }
    append(out_, " ");
    append_type(type);
    if (!message_.has(at + kFields + size)) {
        return false;
    }
    append_data(type, at + kFields, size, record_class);
    if (type == kOpt && (message_.u32(at + 4) & 0x8000U) != 0) {
        append(out_, " DO");
    }
    at_ = at + kFields + size;
    return true;
}

// The data is whole, as far as the message goes; names in it may lead back.
void DnsLine::append_data(uint16_t type, size_t at, size_t size, uint16_t record_class) {
    switch (type) {
        case kA:
        case kAaaa:
            if (size == (type == kA ? 4 : 16)) {
                append(out_, " ");
                append_address(out_, message_.bytes(at, size));
            }
            break;
        case kNs:
        case kCname:
        case kPtr:
        case kDname:
            append(out_, " ");
            append_name(at);
            break;
        case kMx:
            if (size > 2) {
                const uint16_t preference = message_.u16(at);
                append(out_, " ");
                size_t exchange = at + 2;
                append_name(exchange);
                append(out_, " {}", preference);
            }
            break;
        case kSrv:
            if (size > 6) {
                size_t target = at + 6;
                append(out_, " ");
                append_name(target);
                append(out_, ":{} {} {}", message_.u16(at + 4), message_.u16(at),
                       message_.u16(at + 2));
            }
            break;
        case kSoa:
            append_soa(at, size);
            break;
        case kTxt:
            append_texts(at, size);
            break;
        case kOpt:
            append(out_, " UDPsize={}", record_class);
            break;
        default:
            break;
    }
}

void DnsLine::append_soa(size_t at, size_t size) {
    if (verbose_ == 0) {
        return;
    }
    const size_t end = at + size;
    append(out_, " ");
    if (!append_name(at)) {
        return;
    }
    append(out_, " ");
    if (!append_name(at)) {
        return;
    }
    for (int number = 0; number < 5 && at + 4 <= end; number++, at += 4) {
        append(out_, " {}", message_.u32(at));
    }
}

void DnsLine::append_texts(size_t at, size_t size) {
    for (const size_t end = at + size; at < end;) {
        const size_t length = std::min<size_t>(message_.u8(at), end - at - 1);
        const void* start = message_.bytes(at + 1, length).data();
        append(out_, " ");
        append_quoted_text(out_, {static_cast<const char*>(start), length});
        at += 1 + length;
    }
}

// With the dot at its end; blanks are escaped, so that it is one word. Returns false if there is
// none.
bool DnsLine::append_name(size_t& at) {
    const std::optional<std::string> name = read_dns_name(message_, at);
    if (!name) {
        append(out_, "[|domain]");
        return false;
    }
    append_unbroken(out_, *name);
    out_.push_back('.');
    return true;
}

void DnsLine::append_type(uint16_t type) {
    const std::string name = type == kOpt ? "OPT" : dns_type_name(type);
    if (name.starts_with("TYPE")) {
        append(out_, "Type{}", type);
    } else {
        out_.append(name);
    }
}

void DnsLine::append_class(uint16_t record_class) {
    if (multicast_ && (record_class & kMulticastBit) != 0) {
        const bool in_question = (message_.u16(2) & kResponse) == 0;
        append(out_, "{}", in_question ? " (QU)" : " (Cache flush)");
        record_class &= static_cast<uint16_t>(~kMulticastBit);
    }
    switch (record_class) {
        case kClassIn:
            break;
        case 3:
            append(out_, " CHAOS");
            break;
        case 4:
            append(out_, " HS");
            break;
        case 255:
            append(out_, " ANY");
            break;
        default:
            append(out_, " (Class {})", record_class);
            break;
    }
}

// " [1d3h46m40s]"
void DnsLine::append_ttl(uint32_t seconds) {
    static constexpr std::array<std::pair<uint32_t, char>, 4> kUnits{
        {{7 * 86400, 'w'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}}};
    append(out_, " [");
    const bool zero = seconds == 0;
    for (const auto& [unit, letter] : kUnits) {
        if (seconds >= unit) {
            append(out_, "{}{}", seconds / unit, letter);
            seconds %= unit;
        }
    }
    if (seconds > 0 || zero) {
        append(out_, "{}s", seconds);
    }
    append(out_, "]");
}

}  // namespace

bool is_dns(Ports ports) {
    const auto is_port = [](uint16_t port) { return port == kDnsPort || port == kMdnsPort; };
    return is_port(ports.source) || is_port(ports.target);
}

void append_dns(fmt::memory_buffer& out, Ports ports, Piece message, int verbose) {
    const bool multicast = ports.source == kMdnsPort || ports.target == kMdnsPort;
    DnsLine(out, message, multicast, verbose).append_message();
}

}  // namespace packet
