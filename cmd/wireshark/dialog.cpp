// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/dialog.h"
#include "cmd/event_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "bpf/contract.h"
#include "capture/hooks/interfaces.h"
#include "cmd/process_options.h"
#include "cmd/values.h"
#include "cmd/wireshark/running_processes.h"
#include "cmd/wireshark/sentence.h"
#include "packet/line/terminal_text.h"
#include "packet/link_type.h"
#include "packet/version.h"

namespace extcap {
namespace {

using capture::Hook;
using pcapng::Error;

constexpr std::string_view kPrefix = "pidcap-";
constexpr std::string_view kAny = "any";
constexpr std::string_view kEveryProcess = "any";  // of the option "tree"
constexpr std::string_view kTree = "1";            // the option's number in the dialog

std::string value_of(const Call& call, const std::string& option) {
    const auto found = call.values.find(option);
    return found == call.values.end() ? std::string() : found->second;
}

// What commas separate, without the blanks around.
std::vector<std::string> list_of(const Call& call, const std::string& option) {
    constexpr std::string_view kBlank = " \t";
    std::vector<std::string> items;
    std::string rest = value_of(call, option);
    while (!rest.empty()) {
        const size_t comma = std::min(rest.find(','), rest.size());
        std::string item = rest.substr(0, comma);
        rest.erase(0, comma + 1);
        item.erase(0, std::min(item.find_first_not_of(kBlank), item.size()));
        item.erase(item.find_last_not_of(kBlank) + 1);
        if (!item.empty()) {
            items.push_back(std::move(item));
        }
    }
    return items;
}

// The name of the network interface: without our prefix.
Result<std::string> name_of(const std::string& interface) {
    if (!interface.starts_with(kPrefix) || interface.size() == kPrefix.size()) {
        return Error{fmt::format("--extcap-interface {}: not one of pidcap's, such as pidcap-any",
                                 packet::printable(interface))};
    }
    return interface.substr(kPrefix.size());
}

std::string interface_sentence(std::string_view name) {
    return sentence("interface", {{"value", fmt::format("{}{}", kPrefix, name)},
                                  {"display", fmt::format("pidcap: {}", name)}});
}

std::string value_sentence(std::string_view option, std::string_view value,
                           std::string_view display, bool chosen = false) {
    return sentence("value", {{"arg", option},
                              {"value", value},
                              {"display", display},
                              {"default", chosen ? "true" : "false"}});
}

Result<std::string> process_values(std::string_view option) {
    const auto running = running_processes();
    if (!running) {
        return running.error();
    }
    std::string text;
    for (const RunningProcess& process : *running) {
        text += value_sentence(option, std::to_string(process.pid), process.text);
    }
    return text;
}

// A process and those that it starts.
Result<std::string> tree_values() {
    auto processes = process_values(kTree);
    if (!processes) {
        return processes;
    }
    return value_sentence(kTree, kEveryProcess, "any process", true) + *processes;
}

// A value of the dialog's lists; the first one is the default.
template <typename Meaning, size_t kCount>
Result<Meaning> choice(const Call& call, const std::string& option,
                       const std::array<std::pair<std::string_view, Meaning>, kCount>& choices) {
    const std::string text = value_of(call, option);
    for (const auto& [name, meaning] : choices) {
        if (text == name || text.empty()) {
            return meaning;
        }
    }
    return Error{fmt::format("--{} {}: no such choice", option, packet::printable(text))};
}

// The boxes, as --event has them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEvents{{
    {"socket", "connections that failed (socket)"},
    {"socket=all", "also connections that succeeded, and ends (socket=all)"},
    {"drop", "packets that the kernel dropped (drop)"},
    {"drop=all", "also drops of ordinary work (drop=all)"},
    {"process", "processes that begin and end (process)"},
    {"xdp", "XDP programs that aborted, redirects that failed (xdp)"},
}};

// The boxes and the tracepoints. What stands behind "if" is asked of the latter alone.
Result<std::vector<capture::EventChoice>> chosen_events(const Call& call) {
    std::vector<capture::EventChoice> all;
    for (const auto& [option, field] : {std::pair("event", "Events beside the packets"),
                                        std::pair("tracepoint", "Tracepoints")}) {
        const std::string text = value_of(call, option);
        if (text.empty()) {
            continue;
        }
        auto choices = capture::parse_event_choices(text);
        if (!choices) {
            return Error{fmt::format("{}: {}", field, choices.error().message)};
        }
        std::ranges::move(*choices, std::back_inserter(all));
    }
    // The right to capture packets isn't one to watch the kernel and all that others do.
    if (getuid() != 0 &&
        std::ranges::any_of(all, [](const auto& choice) { return choice.is_tracepoint(); })) {
        return Error{"Tracepoints: only if Wireshark runs as root"};
    }
    return all;
}

std::string process_part() {
    const auto text_field = [](std::string_view number, std::string_view call,
                               std::string_view display, std::string_view tooltip,
                               std::string_view placeholder) {
        return sentence("arg", {{"number", number},
                                {"call", call},
                                {"display", display},
                                {"type", "string"},
                                {"tooltip", tooltip},
                                {"placeholder", placeholder},
                                {"group", "Processes"}});
    };
    // What has a pid today is another process tomorrow: not saved.
    std::string text = sentence("arg", {{"number", "0"},
                                        {"call", "--pid"},
                                        {"display", "Processes"},
                                        {"type", "multicheck"},
                                        {"tooltip", "Packets of these processes only"},
                                        {"save", "false"},
                                        {"group", "Processes"}});
    text += sentence("arg", {{"number", kTree},
                             {"call", "--tree"},
                             {"display", "A process and its descendants"},
                             {"type", "selector"},
                             {"tooltip", "Those that run now, and later ones"},
                             {"reload", "true"},
                             {"placeholder", "Reload"},
                             {"save", "false"},
                             {"group", "Processes"}});
    text += text_field("2", "--comm", "Names",
                       "Names of processes, with commas between; * stands for anything, ! in "
                       "front excludes",
                       "curl, nginx*, !nginx-debug");
    text +=
        text_field("3", "--user", "Users", "Effective users, by name or number", "www-data, !root");
    text += text_field("4", "--container", "Containers",
                       "Beginnings of container ids; * is any container", "3f2a90, !77c1");
    text += text_field("15", "--container-name", "Containers' names",
                       "The names in their runtime, or in the pod's manifest", "web, !*-proxy");
    text += text_field("16", "--image", "Images", "Images of containers", "*/nginx:*");
    text += text_field("17", "--pod", "Pods", "In Kubernetes: NAMESPACE/NAME, or NAME alone",
                       "shop/*, !kube-system/*");
    text += text_field("5", "--process", "Expression",
                       "All other conditions on processes, see pidcap(8)",
                       "exe = \"/usr/bin/*\" and not uid = 0");
    text += sentence("arg", {{"number", "6"},
                             {"call", "--follow"},
                             {"display", "Follow children"},
                             {"type", "boolflag"},
                             {"tooltip", "Also what the chosen processes start, whatever it is"},
                             {"group", "Processes"}});
    return text;
}

std::string host_part() {
    return sentence("arg", {{"number", "22"},
                            {"call", "--host"},
                            {"display", "This host's name in the capture"},
                            {"type", "string"},
                            {"placeholder", "its own"},
                            {"group", "Packets"}}) +
           sentence("arg", {{"number", "23"},
                            {"call", "--no-host"},
                            {"display", "No name of this host in the capture"},
                            {"type", "boolflag"},
                            {"group", "Packets"}});
}

std::string capture_part(bool any) {
    const std::string most = std::to_string(PIDCAP_SNAPLEN_MAX);
    std::string text = sentence("arg", {{"number", "7"},
                                        {"call", "--hook"},
                                        {"display", "Where packets are taken"},
                                        {"type", "selector"},
                                        {"group", "Packets"}});
    text += value_sentence("7", "tc", "at the interfaces (tc)", true);
    text += value_sentence("7", "xdp",
                           "at the interfaces, incoming packets as early as possible (XDP)");
    if (any) {
        text += value_sentence("7", "cgroup", "at the sockets, of all network namespaces (cgroup)");
    }
    text += sentence("arg", {{"number", "8"},
                             {"call", "--direction"},
                             {"display", "Direction"},
                             {"type", "selector"},
                             {"group", "Packets"}});
    text += value_sentence("8", "inout", "both", true);
    text += value_sentence("8", "in", "incoming");
    text += value_sentence("8", "out", "outgoing");
    text += sentence("arg", {{"number", "9"},
                             {"call", "--snaplen"},
                             {"display", "Bytes of each packet"},
                             {"type", "integer"},
                             {"range", fmt::format("1,{}", most)},
                             {"default", most},
                             {"group", "Packets"}});
    text += sentence("arg", {{"number", "10"},
                             {"call", "--process-blocks"},
                             {"display", "Also write processes as blocks and journal entries"},
                             {"type", "boolflag"},
                             {"tooltip", "For readers of process information blocks"},
                             {"group", "Packets"}});
    text += sentence("arg", {{"number", "20"},
                             {"call", "--container-addresses"},
                             {"display", "Names of containers for their addresses"},
                             {"type", "boolflag"},
                             {"tooltip",
                              "Wireshark shows them where it resolves network addresses by the "
                              "names that a capture has"},
                             {"group", "Packets"}});
    text += host_part();
    // Not saved: it's asked for each time.
    text += sentence(
        "arg", {{"number", "12"},
                {"call", "--tls-keys"},
                {"display", "TLS in clear: write the secrets of connections into the capture"},
                {"type", "boolflag"},
                {"tooltip",
                 "Whoever has the capture can read these connections. Only of your own processes, "
                 "unless Wireshark runs as root"},
                {"save", "false"},
                {"group", "Packets"}});
    text += sentence(
        "arg",
        {{"number", "13"},
         {"call", "--tls-plaintext"},
         {"display", "TLS plaintext: what processes pass through TLS libraries, as events"},
         {"type", "boolflag"},
         {"tooltip",
          "Also of connections that began before. Only of your own processes, unless Wireshark "
          "runs as root"},
         {"save", "false"},
         {"group", "Packets"}});
    text += sentence("arg", {{"number", "14"},
                             {"call", "--event"},
                             {"display", "Events beside the packets"},
                             {"type", "multicheck"},
                             {"tooltip", "From the whole machine, for the chosen processes"},
                             {"group", "Packets"}});
    for (const auto& [value, display] : kEvents) {
        text += value_sentence("14", value, display);
    }
    text +=
        sentence("arg", {{"number", "18"},
                         {"call", "--tracepoint"},
                         {"display", "Tracepoints"},
                         {"type", "string"},
                         {"placeholder", "none; as in: tcp:tcp_retransmit_skb, net:*"},
                         {"tooltip",
                          "Also with a condition: sched:sched_switch if prev_pid = 812. Only if "
                          "Wireshark runs as root. \"pidcap events\" lists them"},
                         {"group", "Packets"}});
    text += sentence("arg", {{"number", "21"},
                             {"call", "--no-packets"},
                             {"display", "Events only, no packets"},
                             {"type", "boolflag"},
                             {"group", "Packets"}});
    text += sentence("arg", {{"number", "19"},
                             {"call", "--sample"},
                             {"display", "CPU and memory of processes every"},
                             {"type", "string"},
                             {"placeholder", "never; as in: 1s, 0.5, 1m"},
                             {"tooltip",
                              "As events, of the processes that have packets; of all chosen "
                              "ones, if you choose some"},
                             {"group", "Packets"}});
    if (!any) {
        text += sentence(
            "arg", {{"number", "11"},
                    {"call", "--no-promiscuous-mode"},
                    {"display", "No promiscuous mode"},
                    {"type", "boolflag"},
                    {"tooltip",
                     "Only packets that the interface receives by itself, not those for other "
                     "machines. Wireshark's own setting has no effect on pidcap"},
                    {"group", "Packets"}});
    }
    return text;
}

std::string toolbar() {
    std::string text = sentence(
        "control", {{"number", std::to_string(kProcessFilter)},
                    {"type", "string"},
                    {"display", "Processes"},
                    {"placeholder", "as chosen in the options"},
                    {"tooltip",
                     "Which processes' packets are captured from now on: comm = \"curl\" or pid = "
                     "1234, see pidcap(8)"}});
    for (const auto& [number, display, tooltip] :
         {std::tuple(kCaptured, "Captured", "Packets captured"),
          std::tuple(kDropped, "Dropped", "Packets that were lost")}) {
        text += sentence("control", {{"number", std::to_string(number)},
                                     {"type", "string"},
                                     {"display", display},
                                     {"tooltip", tooltip}});
    }
    text += sentence("control", {{"number", std::to_string(kLog)},
                                 {"type", "button"},
                                 {"role", "logger"},
                                 {"display", "Log"},
                                 {"tooltip", "Messages about this capture"}});
    return text;
}

}  // namespace

Result<std::string> describe_interfaces() {
    const auto interfaces = capture::list_interfaces();
    if (!interfaces) {
        return interfaces.error();
    }
    std::string text = sentence("extcap", {{"version", packet::kVersion}, {"display", "pidcap"}});
    text += interface_sentence(kAny);
    for (const capture::Interface& interface : *interfaces) {
        if (capture::link_type(interface.arphrd) && can_be_said(interface.name)) {
            text += interface_sentence(interface.name);
        }
    }
    return text + toolbar();
}

Result<std::string> describe_link_types(const std::string& interface) {
    auto name = name_of(interface);
    if (!name) {
        return name;
    }
    uint16_t type = packet::kLinkTypeEthernet;
    if (*name != kAny) {
        const auto interfaces = capture::list_interfaces();
        if (!interfaces) {
            return interfaces.error();
        }
        const auto found =
            std::find_if(interfaces->begin(), interfaces->end(),
                         [&name](const auto& known) { return known.is_called(*name); });
        if (found == interfaces->end()) {
            return Error{fmt::format("{}: there is no such interface", packet::printable(*name))};
        }
        type = capture::link_type(found->arphrd).value_or(packet::kLinkTypeEthernet);
    }
    const bool ethernet = type == packet::kLinkTypeEthernet;
    return sentence("dlt", {{"number", std::to_string(type)},
                            {"name", ethernet ? "EN10MB" : "RAW"},
                            {"display", ethernet ? "Ethernet" : "Raw IP"}});
}

Result<std::string> describe_dialog(const std::string& interface) {
    auto name = name_of(interface);
    if (!name) {
        return name;
    }
    auto processes = process_values("0");
    if (!processes) {
        return processes;
    }
    auto trees = tree_values();
    if (!trees) {
        return trees;
    }
    return process_part() + *processes + *trees + capture_part(*name == kAny);
}

Result<std::string> describe_values(const std::string& option) {
    if (option != "tree") {
        return Error{fmt::format("--extcap-reload-option {}: its values don't change",
                                 packet::printable(option))};
    }
    return tree_values();
}

Result<cmd::ProcessChoice> process_choice_of(const Call& call) {
    cmd::ProcessOptionValues values;
    values.comm = list_of(call, "comm");
    values.uid = list_of(call, "user");
    values.container = list_of(call, "container");
    values.container_name = list_of(call, "container-name");
    values.image = list_of(call, "image");
    values.pod = list_of(call, "pod");
    if (const std::string text = value_of(call, "process"); !text.empty()) {
        values.process = {text};
    }
    values.pid = list_of(call, "pid");
    if (const std::string tree = value_of(call, "tree"); !tree.empty() && tree != kEveryProcess) {
        values.tree = {tree};
    }
    values.pid_or_tree = true;  // two lists of one question
    values.follow = follows(call);
    return cmd::read_process_options(values);
}

bool follows(const Call& call) {
    return call.values.contains("follow");
}

Result<cmd::Options> options_of(const Call& call) {
    using Sides = std::pair<bool, bool>;
    static constexpr std::array<std::pair<std::string_view, Sides>, 3> kDirections{
        {{"inout", {true, true}}, {"in", {true, false}}, {"out", {false, true}}}};
    const auto name = name_of(call.interface);
    if (!name) {
        return name.error();
    }
    const auto hook = choice(call, "hook", capture::kHookNames);
    if (!hook) {
        return hook.error();
    }
    const auto sides = choice(call, "direction", kDirections);
    if (!sides) {
        return sides.error();
    }
    auto process_filter = process_choice_of(call);
    if (!process_filter) {
        return std::move(process_filter).error();
    }
    cmd::Options options;
    options.interfaces = {*name};
    options.hook = *hook;
    std::tie(options.in, options.out) = *sides;
    options.process_filter = *std::move(process_filter);
    if (const std::string text = value_of(call, "snaplen"); !text.empty()) {
        const auto snaplen = cmd::parse_number("--snaplen", text, 1, PIDCAP_SNAPLEN_MAX);
        if (!snaplen) {
            return snaplen.error();
        }
        options.snaplen = static_cast<uint32_t>(*snaplen);
    }
    options.process_blocks = call.values.contains("process-blocks");
    options.container_addresses = call.values.contains("container-addresses");
    if (const std::string text = value_of(call, "host"); !text.empty()) {
        const auto host = cmd::parse_host(text);
        if (!host) {
            return host.error();
        }
        options.host = *host;
    }
    if (call.values.contains("no-host")) {
        options.host = "";
    }
    options.events.packets = !call.values.contains("no-packets");
    auto events = chosen_events(call);
    if (!events) {
        return events.error();
    }
    options.events.choices = *std::move(events);
    if (const std::string text = value_of(call, "sample"); !text.empty()) {
        const auto interval = cmd::parse_sample_interval("CPU and memory", text);
        if (!interval) {
            return interval.error();
        }
        options.events.sample_interval = *interval;
    }
    options.keys.wanted = call.values.contains("tls-keys");
    options.keys.in_file = options.keys.wanted;
    options.keys.plaintext = call.values.contains("tls-plaintext");
    options.promiscuous = !call.values.contains("no-promiscuous-mode");
    options.filter = call.filter;
    if (!options.events.packets && !options.events.any() && !options.keys.plaintext) {
        return Error{"Events only: choose events, or how often CPU and memory are read"};
    }
    if (!options.events.packets && !options.filter.empty()) {
        return Error{"Events only: there is nothing that the capture filter could choose"};
    }
    if (options.hook == Hook::kCgroup && *name != kAny) {
        return Error{
            "the hook at the sockets sees all interfaces: choose the interface \"pidcap: "
            "any\" for it"};
    }
    return options;
}

}  // namespace extcap
