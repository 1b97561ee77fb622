// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/recorded.h"

#include <algorithm>
#include <utility>

#include "packet/comment.h"
#include "pcapng/format.h"

namespace forensics {
namespace {

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
void read_ptcpdump_comment(std::string_view comment, packet::CommentEnds& ends) {
    Lines lines(comment);
    packet::CommentEnd& self = ends.self;
    if (const auto pid = lines.next("PID"); pid && !self.has_process) {
        const std::optional<uint32_t> number = packet::parse_number<uint32_t>(*pid);
        if (!number) {
            return;
        }
        self.has_process = true;
        self.process.pid = *number;
        self.process.exe = lines.next("Cmd").value_or("");
        self.process.comm = base_name(self.process.exe);
        self.process.cmdline = lines.last("Args");
    } else if (const auto thread = lines.next("ThreadId"); thread) {
        self.tid = packet::parse_number<uint32_t>(*thread).value_or(0);
    } else if (const auto user = lines.next("UserId"); user) {
        self.process.uid = packet::parse_number<uint32_t>(*user);
    } else if (const auto parent = lines.next("ParentPID"); parent) {
        self.process.ppid = packet::parse_number<uint32_t>(*parent);
        self.process.parent_comm = base_name(lines.next("ParentCmd").value_or(""));
    } else if (const auto container = lines.next("ContainerName"); container) {
        self.process.container_name = *container;
        self.process.container = lines.next("ContainerId").value_or("");
        self.process.container_image = lines.next("ContainerImage").value_or("");
    } else if (const auto pod = lines.next("PodName"); pod) {
        self.process.pod_name = *pod;
        self.process.pod_namespace = lines.next("PodNamespace").value_or("");
    }
}

// What RustNet 1.0 writes: build_pcapng_comment() of github.com/domcyrus/rustnet, the word
// "rustnet" and pairs key=value, each if it is known, with "_" for blanks in a value. The key
// direction tells who began the conversation, not which way the packet went.
std::optional<packet::CommentEnds> read_rustnet_comment(std::string_view comment) {
    constexpr std::string_view kStart = "rustnet ";
    if (!comment.starts_with(kStart)) {
        return std::nullopt;
    }
    packet::CommentEnds ends;
    std::optional<uint32_t> pid;
    Process& process = ends.self.process;
    for (std::string_view rest = comment.substr(kStart.size()); !rest.empty();) {
        const std::string_view pair = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        const size_t equals = std::min(pair.find('='), pair.size());
        const std::string_view key = pair.substr(0, equals);
        const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
        if (key == "process") {
            process.comm = value;
        } else if (key == "pid") {
            pid = packet::parse_number<uint32_t>(value);
        } else if (key == "ppid") {
            process.ppid = packet::parse_number<uint32_t>(value);
        } else if (key == "uid") {
            process.uid = packet::parse_number<uint32_t>(value);
        } else if (key == "container_id") {
            process.container = value;
        }
    }
    if (!pid) {
        return std::nullopt;
    }
    process.pid = *pid;
    ends.self.has_process = true;
    return ends;
}

}  // namespace

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

Direction flags_direction(const pcapng::PacketRead* block) {
    return block != nullptr ? block->direction : Direction::kUnknown;
}

std::optional<packet::CommentEnds> read_ptcpdump_comments(const pcapng::Options& options) {
    packet::CommentEnds ends;
    for (const pcapng::Option& option : options) {
        if (option.code == pcapng::kOptComment) {
            read_ptcpdump_comment(option.text(), ends);
        }
    }
    return ends.self.has_process ? std::optional(std::move(ends)) : std::nullopt;
}

std::optional<packet::CommentEnds> read_rustnet_comment(const pcapng::Options& options) {
    for (const pcapng::Option& option : options) {
        if (option.code == pcapng::kOptComment) {
            if (auto ends = read_rustnet_comment(option.text())) {
                return ends;
            }
        }
    }
    return std::nullopt;
}

Process recorded_process(const pcapng::ProcessInformationRead& block) {
    Process process;
    process.pid = block.pid;
    process.start_ns = block.start_ns;
    process.comm = block.name;
    process.exe = block.path;
    process.cmdline = block.cmdline;
    process.cmdline = packet::joined_arguments(process);
    process.ppid = block.ppid;
    process.uid = block.uid;
    process.user = block.user;
    return process;
}

std::optional<Process> recorded_process(const pcapng::JournalRead& block) {
    Process process;
    std::optional<uint64_t> time_us;
    std::optional<uint32_t> pid;
    std::optional<uint64_t> start;
    std::string_view message;
    for (const auto& [name, value] : pcapng::journal_fields(block.entry)) {
        if (name == "__REALTIME_TIMESTAMP") {
            time_us = packet::parse_number<uint64_t>(value);
        } else if (name == "MESSAGE") {
            message = value;
        } else if (name == "_PID") {
            pid = packet::parse_number<uint32_t>(value);
        } else if (name == "_PIDCAP_START") {
            start = packet::parse_number<uint64_t>(value);
        } else if (name == "_HOSTNAME") {
            process.host = value;
        } else if (name == "_UID") {
            process.uid = packet::parse_number<uint32_t>(value);
        } else if (name == "_COMM") {
            process.comm = value;
        } else if (name == "_EXE") {
            process.exe = value;
        } else if (name == "_CMDLINE") {
            process.cmdline = value;
        } else if (name == "_SYSTEMD_CGROUP") {
            process.cgroup = value;
        } else if (name == "_SYSTEMD_UNIT") {
            process.unit = value;
        }
    }
    const bool is_exit = message.starts_with("exit ");
    if (!pid || !start || *start == 0 || (!is_exit && !message.starts_with("exec "))) {
        return std::nullopt;
    }
    process.pid = *pid;
    process.start_ns = *start;
    if (is_exit && time_us && *time_us <= UINT64_MAX / 1000) {
        process.end_ns = *time_us * 1000;
    }
    return process;
}

}  // namespace forensics
