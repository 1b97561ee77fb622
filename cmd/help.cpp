// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/help.h"

#include <fmt/format.h>

#include "cmd/line_options.h"
#include "packet/version.h"

namespace cmd {

namespace {

constexpr std::string_view kBeforeLines =
    R"(pidcap: a packet capture in which every packet knows its process

Usage:
  pidcap [options] [FILTER]             one line a packet on stdout
  pidcap -w FILE [options] [FILTER]     into a pcapng file
  pidcap [options] -- COMMAND ARGS...   run COMMAND and capture its packets, and those of every
                                        process that it starts, until it ends
  pidcap doctor [--json] [--btf FILE]   what this machine grants, what is missing, what to do
  pidcap flows -i IFACE                 a table of conversations, without a file; so, too,
                                        processes and report. With --records: one at a time
  pidcap status [NAME]                  what running recorders do: captures with --ring, -C or -G
  pidcap trigger [--note TEXT]          make one save the packets before and after now
  pidcap top [FILTER]                   which processes use the network now: a table of rates
  pidcap tls FILE|PID...                which TLS libraries a program or process has in it, and
                                        where those tell their secrets
  pidcap setup-wireshark [--remove|--check]
                                        pidcap in Wireshark's list of interfaces, and its fields

On files, of pidcap and of others; "pidcap COMMAND --help" says more
  pidcap read FILE...                   the packets, a line each; or as tcpdump: pidcap -r FILE
  pidcap processes FILE                 a row for each process
  pidcap flows FILE                     a row for each conversation, with the processes at its ends
  pidcap events FILE                    a row for each event, as a connection that failed
  pidcap report FILE -o PAGE            one page of HTML about all that
  pidcap extract FILE -w OUT            some of the packets into another file
  pidcap merge FILE... -w OUT           several hosts' files in one
  pidcap keys FILE                      the TLS keys in a file, as a key log
  pidcap annotate FILE --from TABLE -w OUT
                                        the processes of conversations into a plain capture
  pidcap export FILE --format FORMAT --table TABLE
                                        tables for DuckDB, ClickHouse, Spark and their like

  --config FILE       options from FILE, a line each, as in: interface = eth0. The command line
                      wins; SIGHUP reads FILE again

Where
  -i, --interface IFACE
                      interface to capture on; repeatable. "any" (the default): every interface
                      that is up, and those that come later
  --netns NAME|PATH|PID|all
                      the interfaces of another network namespace; repeatable. "all": of every
                      namespace, those that come later included
  --hook tc|xdp|cgroup
                      take packets at traffic control (the default), what comes in before the
                      stack sees it (xdp), or at the sockets of all network namespaces (cgroup)
  --tracing auto|fentry|kprobe|syscalls
                      how to see who uses a socket; auto (the default): the first of these that
                      the kernel allows
  --btf FILE          the kernel's type information, if the kernel gives none of itself
  -Q, --direction in|out|inout
                      packets that come in, go out, or both (the default)
  -p, --no-promiscuous-mode
                      leave the interfaces that -i names as they are; by default they take every
                      packet that passes by, also those for others
  -D, --list-interfaces
                      list the interfaces and exit; -i takes their numbers, too
  -L, --list-data-link-types
                      list the link types of the packets of -i IFACE and exit
  -y, --linktype TYPE the link type that -i IFACE must have, EN10MB or RAW; with -d: to list

Which
  FILTER              an expression of pcap-filter(7), as in: tcp port 443 and host 10.0.0.1
  --filter FILTER     the same as one word
  -F, --filter-file FILE
                      the same from a file
  -d                  list the filter in classic BPF and exit; -dd: for C, -ddd: as numbers
  --ebpf              with -d: as the kernel runs it, in eBPF
  -O, --no-optimize   don't let libpcap optimize the filter

Which processes (at either end; none given: every packet). Several values of one option are
alternatives, different options must all hold, a value after "!" is excluded; a GLOB may contain *,
? and [a-z]
  --pid N             process N
  --comm GLOB         processes with this name, at most 15 bytes
  --exe GLOB          ... whose executable has this path
  --cmdline GLOB      ... with this command line, its arguments joined by one space
  --uid, --user USER|N
                      ... of this user
  --gid GROUP|N       ... of this group
  --cgroup PATH|GLOB  ... in this cgroup or below it
  --container PREFIX  ... in the container whose id begins so; "*": in any
  --container-name GLOB
                      ... in the container of this name
  --image GLOB        ... in a container of this image: "*/nginx:*"
  --pod NAMESPACE/NAME|NAME
                      ... in this pod of Kubernetes; both may be a GLOB
  --unit NAME|GLOB    ... of this systemd unit
  --tree PID          this process and all its descendants, those to come included
  --process EXPR      processes for which this holds: 'comm = "nginx*" and not uid = 0'
  -f, --follow        and all that these processes have started and will start
  --unattributed      only packets without a process
  --kernel            only packets that are the kernel's own

Into what
  -w, --write FILE    write pcapng to FILE; "-" is stdout
  -C, --rotate-size SIZE
                      go on in another file, FILE1, FILE2, ..., when one is larger: millions of
                      bytes, or with k, M, G
  -G, --rotate-time TIME
                      ... after each interval of 10, 10s, 5m, 1h; FILE gets the time, as in
                      trace-%Y%m%d-%H%M%S.pcapng
  --rotate-at-clock   intervals lie on multiples of their length, as on the hour (the default)
  --rotate-at-start   intervals are counted from the start
  -W, --rotate-count COUNT
                      with -C: keep the last COUNT files; with -G: end after COUNT files
  -z, --rotate-command COMMAND
                      run "COMMAND FILE" for each complete file; until then it is FILE.part
  --keep-free SIZE    remove the oldest files when less than SIZE is free on the disk
  --ring SIZE         keep the latest packets in SIZE of memory, and write only those around a
                      trigger (SIGUSR1, "pidcap trigger", --trigger), into a file of their own.
                      With -C or -G instead, a trigger keeps the files of that time
  --before TIME       from so long before the trigger on, 30s by default
  --after TIME        until so long after it, 60s by default
  --trigger EXPR      trigger at packets for which this holds, a condition on processes as for
                      --process and a FILTER: 'comm = "nginx" and tcp[tcpflags] & tcp-rst != 0'
  --name NAME         the recorder's name for "pidcap status"; by default its pid
  --compress zstd|none
                      compress files while they are written
  --mode MODE         the mode of a file that is made, as 640; by default 600
  -s, --snaplen SNAPLEN
                      keep at most SNAPLEN bytes of each packet, 1 to 262144 (the default,
                      also meant by 0)
  --comments full|intro|short|none
                      the comment on each packet: everything known on every packet, the details
                      of a process on its first packet (intro, the default), never, no comments
  --no-process        plain packets: find no processes, to measure what finding them costs
  --process-blocks    describe each process in blocks of its own, too
  --container-addresses
                      name the addresses of each container by the container, so that Wireshark
                      shows its name in their place
  --tls-keys[=FILE]   with the secrets of the TLS connections that it records, so that Wireshark
                      shows them in clear. With FILE into a key log, too, or without -w only there.
                      Whoever has them can read the connections
  --tls-plaintext     with what processes hand to TLS libraries and get from them, as events: of
                      connections that began before the capture, too
  --tls-wait TIME     packets wait so long at most for the secrets of a handshake; 5s by default
  --event NAME        events beside packets: process, socket, drop, xdp, or a tracepoint of the
                      kernel, as tcp:tcp_retransmit_skb or tcp:*; several with commas; repeatable.
                      "pidcap events" lists them. 'NAME if EXPRESSION': those whose fields are so
  --sample TIME       CPU time and memory of processes, each time that TIME (1s) has passed, as
                      events: of those that have packets; of all that options choose, if any do
  --no-packets        events only
  --kernel-addresses  events with the addresses of the kernel, which are 0 otherwise
  -B, --buffer KIB    size of the buffer between kernel and pidcap, for all CPUs together

With which rights
  -Z, --run-as USER   become USER once it listens, without capabilities; by default who called
                      sudo, else the user pidcap, else nobody; root stays root
  --command-user USER run COMMAND as USER; by default who called sudo

Until when (and at SIGINT or SIGTERM)
  -c, --count N       after N packets
  --duration TIME     after TIME seconds: 10, 2.5, 10s, 5m, 1h

Output
  --json              a JSON object a line, with all that is known; null: not known
  --print             with -w: print lines, too
)";

constexpr std::string_view kBehindLines = R"(
tcpdump's other options are taken where they mean what is so anyway (-l -N -U --immediate-mode), or
refused with what to use instead; docs/tcpdump.md lists them all.

  -h, --help          this text
  --version           the version

Exit status: 0 done, 1 failed, 2 wrong usage; with -- COMMAND, that of COMMAND.
)";

}  // namespace

std::string help_text() {
    return fmt::format("{}{}{}", kBeforeLines, line_options_help(), kBehindLines);
}

std::string_view doctor_help_text() {
    return R"(Usage: pidcap doctor [--json] [--btf FILE]

Tries what pidcap needs on this machine: privileges, kernel features, hooks, maps. Says of each
whether it is there, what missing it costs, and what to do about it; and of captures that run now
what their processes may still do. Changes nothing that lasts.

  --json        for programs: an object with the keys ready, tier, kernel, machine, features and
                processes
  --btf FILE    as a capture with this option
  -h, --help    this text

Exit status: 0 a capture can work, 1 something required is missing, 2 wrong usage.
)";
}

std::string_view setup_help_text() {
    return R"(Usage: pidcap setup-wireshark [--remove | --check | --group NAME]

Puts pidcap into Wireshark: an interface in its list, the dissector with the fields of processes,
and the profile "Processes". As root for everyone; the users of a group may capture then, without
being root. As any other user for this user alone, which gives nobody the right to capture.

  --remove      undo all of it: as root what is there for everyone, else what is there for this
                user. A profile that you have changed stays.
  --check       say what is there, what is missing and what to do about it; changes nothing
  --group NAME  who may capture; by default wireshark. The group has to exist.
  -h, --help    this text

Exit status: 0 done, or nothing is missing; 1 failed, or something is; 2 wrong usage.
)";
}

std::string version_text() {
    return fmt::format("pidcap {}\n", packet::kVersion);
}

}  // namespace cmd
