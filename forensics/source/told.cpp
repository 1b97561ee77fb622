// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/told.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "packet/comment.h"
#include "pcapng/format.h"

namespace forensics {
namespace {

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// "pid" with the prefix "peer." is "peer.pid"; of two equal keys the first counts.
class Keys {
  public:
    Keys(const packet::Comment& comment, std::string_view prefix)
        : comment_(comment), prefix_(prefix) {}

    std::string text(std::string_view key) const { return std::string(find(key)); }
    template <typename Number>
    std::optional<Number> number(std::string_view key) const {
        return number_in<Number>(find(key));
    }

  private:
    std::string_view find(std::string_view key) const {
        for (const auto& [name, value] : comment_.pairs) {
            if (name.size() == prefix_.size() + key.size() && name.starts_with(prefix_) &&
                name.ends_with(key)) {
                return value;
            }
        }
        return {};
    }

    const packet::Comment& comment_;
    std::string_view prefix_;
};

Told read_end(const Keys& keys, const std::string& host) {
    Told told;
    told.via = keys.text("via");
    const std::optional<uint32_t> pid = keys.number<uint32_t>("pid");
    if (!pid) {
        return told;
    }
    told.process = true;
    told.tid = keys.number<uint32_t>("tid").value_or(0);
    told.facts.host = host;
    told.facts.pid = *pid;
    told.facts.start_ns = keys.number<uint64_t>("st").value_or(0);
    told.facts.comm = keys.text("comm");
    told.facts.exe = keys.text("exe");
    told.facts.uid = keys.number<uint32_t>("uid");
    told.facts.ppid = keys.number<uint32_t>("ppid");
    told.facts.parent_comm = keys.text("pcomm");
    told.facts.user = keys.text("user");
    told.facts.cmdline = keys.text("cmdline");
    told.facts.cgroup = keys.text("cgroup");
    told.facts.container = keys.text("ctr");
    told.facts.unit = keys.text("unit");
    told.facts.netns = keys.number<uint64_t>("netns").value_or(0);
    told.facts.nspid = keys.number<uint32_t>("nspid").value_or(0);
    return told;
}

// A word that isn't known tells that it isn't what the direction says.
std::optional<At> read_at(const packet::Comment& comment) {
    const std::optional<std::string_view> at = comment.find("at");
    if (!at) {
        return std::nullopt;
    }
    if (*at == "sender") {
        return At::kSender;
    }
    return *at == "receiver" ? At::kReceiver : At::kUnknown;
}

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

// ptcpdump's comments are lines "Key: value". A value may hold newlines itself (arguments), so a
// comment's last key takes all the rest, and no key is looked for in a comment of another kind.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {}

    // The value, if the next line has the key.
    std::optional<std::string_view> next(std::string_view key) {
        if (!rest_.starts_with(key) || rest_.substr(key.size(), 2) != ": ") {
            return std::nullopt;
        }
        rest_.remove_prefix(key.size() + 2);
        const size_t end = std::min(rest_.find('\n'), rest_.size());
        const std::string_view value = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return value;
    }
    std::string_view last(std::string_view key) {
        if (!rest_.starts_with(key) || rest_.substr(key.size(), 2) != ": ") {
            return {};
        }
        return rest_.substr(key.size() + 2);
    }

  private:
    std::string_view rest_;
};

// What ptcpdump 0.37 writes: pcap/pcapng of github.com/mozillazg/ptcpdump, one comment each for
// process, thread, user, parent, container and pod.
void read_ptcpdump_comment(std::string_view comment, ToldEnds& ends) {
    Lines lines(comment);
    Told& self = ends.self;
    if (const auto pid = lines.next("PID"); pid && !self.process) {
        const std::optional<uint32_t> number = number_in<uint32_t>(*pid);
        if (!number) {
            return;
        }
        self.process = true;
        self.facts.pid = *number;
        self.facts.exe = lines.next("Cmd").value_or("");
        self.facts.comm = base_name(self.facts.exe);
        self.facts.cmdline = lines.last("Args");
    } else if (const auto thread = lines.next("ThreadId"); thread) {
        self.tid = number_in<uint32_t>(*thread).value_or(0);
    } else if (const auto user = lines.next("UserId"); user) {
        self.facts.uid = number_in<uint32_t>(*user);
    } else if (const auto parent = lines.next("ParentPID"); parent) {
        self.facts.ppid = number_in<uint32_t>(*parent);
        self.facts.parent_comm = base_name(lines.next("ParentCmd").value_or(""));
    } else if (lines.next("ContainerName")) {
        self.facts.container = lines.next("ContainerId").value_or("");
    }
}

std::string joined(std::string_view arguments) {
    while (arguments.ends_with('\0')) {
        arguments.remove_suffix(1);
    }
    std::string line(arguments);
    std::replace(line.begin(), line.end(), '\0', ' ');
    return line;
}

}  // namespace

std::optional<ToldEnds> read_pidcap_comment(std::string_view comment) {
    const std::optional<packet::Comment> pairs = packet::parse_comment(comment);
    if (!pairs) {
        return std::nullopt;
    }
    const std::string host(pairs->find("host").value_or(""));
    ToldEnds ends;
    ends.pidcap = true;
    ends.self = read_end(Keys(*pairs, ""), host);
    ends.peer = read_end(Keys(*pairs, packet::kPeerPrefix), host);
    ends.at = read_at(*pairs);
    return ends;
}

void append_at(std::string& comment, At at, pcapng::Direction direction) {
    if (at == at_by_direction(direction)) {
        return;
    }
    const std::string_view word = at == At::kSender     ? "sender"
                                  : at == At::kReceiver ? "receiver"
                                                        : "unknown";
    packet::append_key(comment, "at", word);
}

bool has_pidcap_comment(const pcapng::PacketRead* block) {
    if (block != nullptr) {
        for (const pcapng::Option& option : block->options) {
            if (option.code == pcapng::kOptComment && packet::parse_comment(option.text())) {
                return true;
            }
        }
    }
    return false;
}

std::optional<ToldEnds> read_ptcpdump_comments(const pcapng::Options& options) {
    ToldEnds ends;
    for (const pcapng::Option& option : options) {
        if (option.code == pcapng::kOptComment) {
            read_ptcpdump_comment(option.text(), ends);
        }
    }
    return ends.self.process ? std::optional(std::move(ends)) : std::nullopt;
}

Process facts_of(const pcapng::ProcessInformationRead& block) {
    Process facts;
    facts.pid = block.pid;
    facts.start_ns = block.start_ns;
    facts.comm = block.name;
    facts.exe = block.path;
    facts.cmdline = joined(block.cmdline);
    facts.ppid = block.ppid;
    facts.uid = block.uid;
    facts.user = block.user;
    return facts;
}

std::optional<Process> facts_of(const pcapng::JournalRead& block) {
    Process facts;
    std::optional<uint64_t> time_us;
    std::optional<uint32_t> pid;
    std::optional<uint64_t> start;
    std::string_view message;
    for (const auto& [name, value] : pcapng::journal_fields(block.entry)) {
        if (name == "__REALTIME_TIMESTAMP") {
            time_us = number_in<uint64_t>(value);
        } else if (name == "MESSAGE") {
            message = value;
        } else if (name == "_PID") {
            pid = number_in<uint32_t>(value);
        } else if (name == "_PIDCAP_START") {
            start = number_in<uint64_t>(value);
        } else if (name == "_HOSTNAME") {
            facts.host = value;
        } else if (name == "_UID") {
            facts.uid = number_in<uint32_t>(value);
        } else if (name == "_COMM") {
            facts.comm = value;
        } else if (name == "_EXE") {
            facts.exe = value;
        } else if (name == "_CMDLINE") {
            facts.cmdline = value;
        } else if (name == "_SYSTEMD_CGROUP") {
            facts.cgroup = value;
        } else if (name == "_SYSTEMD_UNIT") {
            facts.unit = value;
        }
    }
    const bool is_exit = message.starts_with("exit ");
    if (!pid || !start || *start == 0 || (!is_exit && !message.starts_with("exec "))) {
        return std::nullopt;
    }
    facts.pid = *pid;
    facts.start_ns = *start;
    if (is_exit && time_us && *time_us <= UINT64_MAX / 1000) {
        facts.end_ns = *time_us * 1000;
    }
    return facts;
}

}  // namespace forensics
