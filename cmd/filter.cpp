// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/filter.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <strings.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "capture/filter/bpf_listing.h"
#include "capture/filter/filter_programs.h"
#include "capture/hooks/interfaces.h"
#include "cmd/message.h"
#include "cmd/read_all.h"
#include "cmd/sudo_caller.h"
#include "packet/line/terminal_text.h"
#include "pcapng/fd.h"
#include "pcapng/text.h"

namespace cmd {
namespace {

using capture::HookProgram;
using packet::LinkType;
using packet::PacketFilter;
using pcapng::Error;
using pcapng::Result;

Result<std::string> expression_of(const Options& options) {
    if (options.filter_file) {
        return read_expression(*options.filter_file);
    }
    return options.filter;
}

// What to do instead where a capture file or a mistyped command stands in a filter's place; empty:
// none does. `message` is what the compiler says of the filter.
std::string hint_for(const Options& options, const std::string& message) {
    if (options.filter_file) {
        return "";
    }
    const std::string word = options.filter.substr(0, options.filter.find(' '));
    std::error_code none;
    if (std::filesystem::is_regular_file(word, none)) {
        return fmt::format("; to read a file: pidcap read {}", packet::printable(word));
    }
    // Wrong from its first word on.
    return message.ends_with(
               fmt::format("syntax error at \"{}\"", pcapng::shown_text(options.filter)))
               ? fmt::format("; nor is {} a command: `pidcap --help` lists them",
                             packet::printable(word))
               : "";
}

// The interface, if there is just one.
std::string only_interface(const Options& options) {
    const bool one = options.interfaces.size() == 1 && options.interfaces.front() != "any";
    return one && options.netns.empty() ? options.interfaces.front() : std::string();
}

LinkType link_of(const Options& options) {
    if (options.hook == capture::Hook::kCgroup) {
        return LinkType::kRawIp;
    }
    if (options.link_type) {
        return strcasecmp(options.link_type->c_str(), "RAW") == 0 ? LinkType::kRawIp
                                                                  : LinkType::kEthernet;
    }
    const std::string name = only_interface(options);
    if (const auto interfaces = capture::list_interfaces(); interfaces && !name.empty()) {
        for (const auto& interface : *interfaces) {
            const auto type = capture::link_type(interface.arphrd);
            if (interface.is_called(name) && type == static_cast<uint16_t>(LinkType::kRawIp)) {
                return LinkType::kRawIp;
            }
        }
    }
    return LinkType::kEthernet;
}

HookProgram program_of(const Options& options) {
    const bool out = !options.in;
    if (options.hook == capture::Hook::kCgroup) {
        return out ? HookProgram::kSocketOut : HookProgram::kSocketIn;
    }
    if (link_of(options) == LinkType::kRawIp) {
        return out ? HookProgram::kIpOut : HookProgram::kIpIn;
    }
    if (out) {
        return HookProgram::kEthernetOut;
    }
    return options.hook == capture::Hook::kXdp ? HookProgram::kXdpIn : HookProgram::kEthernetIn;
}

// By how often -d is given, as for tcpdump.
constexpr std::array kListings{packet::ClassicListing::kInstructions,
                               packet::ClassicListing::kCStructs, packet::ClassicListing::kNumbers};

}  // namespace

Result<std::string> read_expression(const std::string& name) {
    const std::string what = fmt::format("read the filter {}", packet::printable(name));
    pcapng::Fd file;
    int code = 0;
    const auto opened = act_as_caller([&] {
        file = pcapng::Fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
        code = errno;
    });
    if (!opened || !file.valid()) {
        return opened ? pcapng::errno_error(what, code) : opened.error();
    }
    auto read = read_all(file, what);
    if (!read) {
        return std::move(read).error();
    }
    std::string text = *std::move(read);
    for (size_t at = text.find('#'); at != std::string::npos; at = text.find('#', at)) {
        const size_t end = std::min(text.find('\n', at), text.size());
        std::fill(text.begin() + static_cast<ptrdiff_t>(at),
                  text.begin() + static_cast<ptrdiff_t>(end), ' ');
    }
    if (text.find('\0') != std::string::npos) {
        return Error{what + ": not text: it has a NUL byte"};
    }
    return text;
}

Result<std::optional<PacketFilter>> read_filter(const Options& options) {
    auto expression = expression_of(options);
    if (!expression) {
        return std::move(expression).error();
    }
    if (expression->find_first_not_of(" \t\r\n") == std::string::npos) {
        return std::optional<PacketFilter>();
    }
    auto filter =
        PacketFilter::compile(*expression, link_of(options),
                              capture::netmask_of(only_interface(options)), options.optimize);
    if (!filter) {
        Error error = std::move(filter).error();
        error.message += hint_for(options, error.message);
        return error;
    }
    return std::optional<PacketFilter>(*std::move(filter));
}

int list_filter(const Options& options) {
    const auto fail = [](const Error& error) {
        print_message("pidcap: {}\n", error.message);
        return kExitFailed;
    };
    auto filter = read_filter(options);
    if (!filter) {
        return fail(filter.error());
    }
    if (!*filter) {
        return fail(Error{"-d lists a filter, and this one is empty"});
    }
    if (!options.list_ebpf) {
        const packet::ClassicProgram& program = *(*filter)->program(link_of(options));
        fmt::print("{}", packet::list_classic(
                             program, kListings[static_cast<size_t>(options.list_filter - 1)]));
        return kExitDone;
    }
    const capture::FilterSetting setting{true, options.out};
    const auto program = capture::translate_for(program_of(options), **filter, setting, 0);
    if (!program) {
        return fail(program.error());
    }
    fmt::print("{}", capture::list_extended(*program));
    return kExitDone;
}

}  // namespace cmd
