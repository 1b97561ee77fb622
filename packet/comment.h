// SPDX-License-Identifier: GPL-2.0-only
//
// The packet comment: one line of key=value pairs that says which process a packet belongs to, and
// which survives every tool that rewrites a file. The grammar is in docs/file-format.md:
//     pid=812 tid=812 comm=curl exe=/usr/bin/curl uid=1000 st=1763650000000000000 via=socket
// Values are percent-encoded, so that whatever a process calls itself is one word of shown text.
// Pure functions, safe on any thread. Decoded values are a process's own bytes: hostile again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace packet {

// A comment of the section header that says what the packet comments are. A rewriting tool may
// drop it: a packet comment is recognised by itself.
inline constexpr std::string_view kCommentGrammar = "pidcap comment grammar 1";

// A peer's keys are the same with this prefix.
inline constexpr std::string_view kPeerPrefix = "peer.";

// The most bytes of an encoded cmdline; one that was cut ends in "…".
inline constexpr size_t kMaxCommandLine = 4096;

// Each append_… adds to a comment that may be empty, with the separating space where needed.

// `key` is ours and plain; `value` is any bytes.
void append_key(std::string& out, std::string_view key, std::string_view value);
void append_key(std::string& out, std::string_view key, uint64_t value);

// What is known of a process; what is empty or zero (uid: nullopt) is left out.
struct ProcessText {
    uint32_t pid = 0;
    uint32_t tid = 0;
    std::string_view comm = {};
    std::string_view exe = {};
    std::optional<uint32_t> uid = {};
    uint64_t start_ns = 0;  // since the epoch
};

// comm, exe, uid, st: the same for every packet of a process, so that a caller can keep the text.
void append_identity(std::string& out, const ProcessText& process, std::string_view prefix = {});

// pid, tid, the text that append_identity made with the same prefix, via.
void append_process(std::string& out, uint32_t pid, uint32_t tid, std::string_view identity,
                    std::string_view via, std::string_view prefix = {});
// The same in one step.
void append_process(std::string& out, const ProcessText& process, std::string_view via,
                    std::string_view prefix = {});

// What the first packet of a process in a file tells of it; empty, zero or nullopt is left out.
struct Introduction {
    std::optional<uint32_t> ppid = {};
    std::string_view pcomm = {};
    std::string_view user = {};
    std::string_view cmdline = {};  // arguments separated by NUL, as in /proc/PID/cmdline
    std::string_view cgroup = {};
    std::string_view container = {};
    std::string_view unit = {};
    uint64_t netns = 0;  // inode number
    uint32_t nspid = 0;  // pid in its own pid namespace
};
void append_introduction(std::string& out, const Introduction& introduction,
                         std::string_view prefix = {});

// The longest start of `comment` of at most `max` bytes that says nothing false: whole pairs of our
// grammar, whole code points of any other text.
std::string_view cut_comment(std::string_view comment, size_t max);

// A comment's pairs in order, values decoded. Where a key occurs twice the first one counts.
struct Comment {
    std::vector<std::pair<std::string, std::string>> pairs;

    std::optional<std::string_view> find(std::string_view key) const;
    std::optional<uint64_t> number(std::string_view key) const;  // decimal; nullopt if it is not
};

// nullopt: not a comment of our grammar (another tool's or a person's).
std::optional<Comment> parse_comment(std::string_view comment);

}  // namespace packet
