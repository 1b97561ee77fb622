// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/packet_filter.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "packet/filter/vlan_words.h"
#include "pcapng/text.h"

namespace packet {
namespace {

using pcapng::Error;
using pcapng::Result;
using Clock = std::chrono::steady_clock;

// libpcap's message when the grammar doesn't allow the next word. Its other messages name the word.
constexpr std::string_view kSyntaxError = "syntax error";

// ... and when no packet can match.
constexpr std::string_view kRejectsAll = "rejects all packets";

// MAXIMUM_SNAPLEN of libpcap. The compiled program returns it for a packet that matches.
constexpr int kSnaplen = 262144;

// Limits find_place(), which may look up the host names in an expression again and again.
constexpr std::chrono::seconds kPlacePatience{1};

struct ClosePcap {
    void operator()(pcap_t* handle) const { pcap_close(handle); }
};

class FreeProgram {
  public:
    FreeProgram() = default;
    FreeProgram(const FreeProgram&) = delete;
    FreeProgram& operator=(const FreeProgram&) = delete;
    ~FreeProgram() { pcap_freecode(&program); }

    bpf_program program{};
};

bool is_syntax_error(const Error& error) {
    return error.message.find(kSyntaxError) != std::string::npos;
}

bool rejects_all(const Error& error) {
    return error.message.find(kRejectsAll) != std::string::npos;
}

// Returns whether an expression may begin like this, that is, whether one of these ends makes it
// grammatical.
bool may_begin(const std::string& begin, int dlt) {
    static constexpr std::array kEnds = {
        "",        " 1",       " 1.2.3.4", " ::1",   " 1:2:3:4:5:6", " host 1.2.3.4",
        " port 1", " proto 1", " tcp",     " 1-2",   " broadcast",   " = 1",
        " 1 = 1",  " 1] = 1",  " :1] = 1", " ] = 1", " + 1 = 1",     " [0] = 1"};
    long open = 0;
    for (const char c : begin) {
        open += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    const std::string closing(static_cast<size_t>(std::max(open, 0L)), ')');
    for (const char* end : kEnds) {
        for (const std::string& tail : {end + closing, closing + end}) {
            const auto compiled = compile_filter(begin + tail, dlt, 0U);
            if (compiled || !is_syntax_error(compiled.error())) {
                return true;
            }
        }
    }
    return false;
}

// Returns the place of the first word that the grammar doesn't allow, or nullopt if it wasn't found
// in time. libpcap doesn't report where it stopped reading.
std::optional<size_t> find_place(const std::string& expression, int dlt) {
    const auto until = Clock::now() + kPlacePatience;
    size_t word = 0;
    while (word < expression.size()) {
        word = expression.find_first_not_of(" \t\n", word);
        if (word == std::string::npos) {
            break;
        }
        size_t end = word + 1;
        const auto in_word = [](char c) {
            return isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' ||
                   c == '-' || c == ':' || c == '/';
        };
        while (in_word(expression[word]) && end < expression.size() && in_word(expression[end])) {
            end++;
        }
        if (!may_begin(expression.substr(0, end), dlt)) {
            return word;
        }
        if (Clock::now() > until) {
            return std::nullopt;
        }
        word = end;
    }
    return expression.size();
}

int dlt_of(LinkType link) {
    return link == LinkType::kEthernet ? DLT_EN10MB : DLT_RAW;
}

// Returns the place of a syntax error as text for a message; empty if it isn't known.
std::string place_text(const std::string& expression, int dlt) {
    const auto place = find_place(expression, dlt);
    if (!place) {
        return {};
    }
    return *place == expression.size()
               ? " at its end"
               : fmt::format(" at \"{}\"", pcapng::shown_text(expression.substr(*place)));
}

Result<ClassicProgram> compile_for(LinkType link, const std::string& expression,
                                   std::optional<uint32_t> netmask, bool optimize) {
    auto compiled = compile_filter(expression, dlt_of(link), netmask, optimize);
    if (!compiled) {
        return Error{fmt::format("filter \"{}\": {}", pcapng::shown_text(expression),
                                 pcapng::shown_text(compiled.error().message))};
    }
    return compiled;
}

}  // namespace

Result<ClassicProgram> compile_filter(const std::string& expression, int dlt,
                                      std::optional<uint32_t> netmask, bool optimize) {
    const std::unique_ptr<pcap_t, ClosePcap> handle(pcap_open_dead(dlt, kSnaplen));
    if (handle == nullptr) {
        return Error{"no memory for libpcap"};
    }
    FreeProgram compiled;
    if (pcap_compile(handle.get(), &compiled.program, expression.c_str(), optimize ? 1 : 0,
                     netmask.value_or(PCAP_NETMASK_UNKNOWN)) != 0) {
        return Error{pcap_geterr(handle.get())};
    }
    ClassicProgram program;
    program.reserve(compiled.program.bf_len);
    for (u_int at = 0; at < compiled.program.bf_len; at++) {
        const bpf_insn& insn = compiled.program.bf_insns[at];
        program.push_back({insn.code, insn.jt, insn.jf, insn.k});
    }
    return program;
}

Result<PacketFilter> PacketFilter::compile(const std::string& expression, LinkType link,
                                           std::optional<uint32_t> netmask, bool optimize) {
    PacketFilter filter(expression, netmask, optimize);
    if (auto compiled = filter.compile_tagged(netmask, optimize); !compiled) {
        return std::move(compiled).error();
    }
    if (const auto& program = filter.program(link); !program) {
        Error error = program.error();
        if (is_syntax_error(error)) {
            error.message += place_text(expression, dlt_of(link));
        }
        return error;
    }
    return filter;
}

// An expression may take tagged packets only ("udp and vlan"), or no tagged ones.
Result<void> PacketFilter::compile_tagged(std::optional<uint32_t> netmask, bool optimize) {
    const ClassicProgram nothing = {{BPF_RET | BPF_K, 0, 0, 0}};
    const bool takes_tagged_only = !ethernet_ && rejects_all(ethernet_.error());
    const auto words = words_beside_tag(expression_);
    if (!words || (!ethernet_ && !takes_tagged_only)) {
        return {};
    }
    auto compiled = compile_filter(*words, DLT_EN10MB, netmask, optimize);
    if (!compiled && rejects_all(compiled.error())) {
        if (takes_tagged_only) {
            return {};
        }
        compiled = nothing;
    }
    if (!compiled) {
        return Error{fmt::format("filter \"{}\", behind a VLAN tag: {}",
                                 pcapng::shown_text(expression_),
                                 pcapng::shown_text(compiled.error().message))};
    }
    if (takes_tagged_only) {
        ethernet_ = nothing;
    }
    tagged_ = *std::move(compiled);
    return {};
}

PacketFilter::PacketFilter(std::string expression, std::optional<uint32_t> netmask, bool optimize)
    : expression_(std::move(expression)),
      ethernet_(compile_for(LinkType::kEthernet, expression_, netmask, optimize)),
      raw_(compile_for(LinkType::kRawIp, expression_, netmask, optimize)) {}

std::string list_classic(const ClassicProgram& program, ClassicListing form) {
    std::string text;
    if (form == ClassicListing::kNumbers) {
        text = fmt::format("{}\n", program.size());
    }
    for (size_t at = 0; at < program.size(); at++) {
        const sock_filter& each = program[at];
        const bpf_insn insn{each.code, each.jt, each.jf, each.k};
        switch (form) {
            case ClassicListing::kInstructions:
                text += bpf_image(&insn, static_cast<int>(at));
                text += '\n';
                break;
            case ClassicListing::kCStructs:
                text += fmt::format("{{ 0x{:x}, {}, {}, 0x{:08x} }},\n", each.code, each.jt,
                                    each.jf, each.k);
                break;
            case ClassicListing::kNumbers:
                text += fmt::format("{} {} {} {}\n", each.code, each.jt, each.jf, each.k);
                break;
        }
    }
    return text;
}

}  // namespace packet
