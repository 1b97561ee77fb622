// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/tcpdump_options.h"

#include <array>
#include <string>

namespace cmd {
namespace {

struct Refused {
    std::string_view names;
    bool has_value = false;
    std::string_view message;
};

constexpr auto kRefused = std::to_array<Refused>({
    {"-b", false, "-b: BGP is not decoded; tshark -r FILE -Y bgp does"},
    {"-E", true, "-E: ESP is not decrypted; tshark -o esp.enable_encryption_decode:TRUE does"},
    {"-H", false, "-H: mesh headers are not decoded; tshark does"},
    {"-I,--monitor-mode", false, "-I: set the mode before: iw dev IFACE set type monitor"},
    {"-j,--time-stamp-type", true, "-j: times are those of the hook in the kernel; leave -j out"},
    {"-J,--list-time-stamp-types", false, "-J: times are those of the hook in the kernel"},
    {"-m", true, "-m: SNMP is not decoded; tshark does"},
    {"-M", true, "-M: TCP's signatures are not verified; tcpdump -M SECRET -r FILE does"},
    {"-T", true, "-T: protocols go by ports; tshark -d udp.port==PORT,PROTOCOL chooses"},
    {"-u", false, "-u: NFS is not decoded; tshark -Y nfs does"},
    {"-V", true, "-V: name the files: pidcap read FILE..."},
});

constexpr auto kRefusedForFiles = std::to_array<Refused>({
    {"-i", true, "-i: with a file, --interface NAME chooses the packets of one"},
    {"-D,--list-interfaces", false, "-D: not with a file; pidcap -D lists this machine's"},
    {"-L,--list-data-link-types", false, "-L: not with a file; pidcap -L -i IFACE"},
    {"-d", false, "-d: not with a file; pidcap -d FILTER"},
    {"--ebpf", false, "--ebpf: not with a file; pidcap -d --ebpf FILTER"},
    {"-y,--linktype", true, "-y: a file names its link types itself; leave -y out"},
    {"-Q,--direction", true, "-Q: not with a file; --json has each packet's direction"},
    {"-C,--rotate-size", true, "-C: not with a file; pidcap extract --split makes several"},
    {"-G,--rotate-time", true, "-G: not with a file; pidcap extract --split makes several"},
    {"-W,--rotate-count", true, "-W: not with a file; pidcap extract --split makes several"},
    {"-z,--rotate-command", true, "-z: not with a file; run the command on it"},
});

}  // namespace

TcpdumpOptions::TcpdumpOptions(CommandLine& line, For what) {
    const auto refuse = [&](const auto& table) {
        for (const Refused& each : table) {
            const Option& option =
                each.has_value ? line.unlisted_value(each.names) : line.unlisted_flag(each.names);
            refused_.emplace_back(&option, each.message);
        }
    };
    // What they ask for is so anyway: a packet is written once no other waits, and names of hosts
    // are never asked for.
    for (const std::string_view taken : {"-l", "-N", "-U,--packet-buffered", "--immediate-mode"}) {
        line.unlisted_flag(taken);
    }
    refuse(kRefused);
    if (what == For::kFile) {
        // These change nothing of packets that are in a file.
        for (const std::string_view taken : {"-p,--no-promiscuous-mode", "-O,--no-optimize"}) {
            line.unlisted_flag(taken);
        }
        for (const std::string_view taken :
             {"-B,--buffer,--buffer-size", "-s,--snaplen,--snapshot-length",
              "-Z,--run-as,--relinquish-privileges"}) {
            line.unlisted_value(taken);
        }
        refuse(kRefusedForFiles);
    }
}

void TcpdumpOptions::check(OptionReader& reader) const {
    for (const auto& [option, message] : refused_) {
        reader.refuse_if(option->given(), message);
    }
}

}  // namespace cmd
