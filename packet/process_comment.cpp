// SPDX-License-Identifier: GPL-2.0-only
#include "packet/process_comment.h"

#include <algorithm>
#include <variant>

#include "packet/process_fields.h"

namespace packet {
namespace {

constexpr std::string_view kTidKey = "tid";
constexpr std::string_view kViaKey = "via";
constexpr std::string_view kPidKey = "pid";

void append_field(std::string& out, std::string_view prefix, const Process& process,
                  const ProcessField& field) {
    if (field.member == ProcessField::Member(&Process::cmdline)) {
        append_command_line(out, prefix, field.key, process.cmdline);
    } else if (const auto text = text_of(process, field)) {
        if (!text->empty()) {
            append_pair(out, prefix, field.key, *text);
        }
    } else if (const auto number = number_of(process, field)) {
        append_pair(out, prefix, field.key, *number);
    }
}

CommentEnd read_end(const Comment& comment, std::string_view prefix) {
    CommentEnd end;
    for (auto pair = comment.pairs.rbegin(); pair != comment.pairs.rend(); ++pair) {
        std::string_view key = pair->first;
        if (key == kHostKey) {
            end.process.host = pair->second;
        }
        if (!key.starts_with(prefix)) {
            continue;
        }
        key.remove_prefix(prefix.size());
        if (key == kTidKey) {
            end.tid = parse_number<uint32_t>(pair->second).value_or(0);
        } else if (key == kViaKey) {
            end.via = via_of(pair->second);
        } else if (const ProcessField* field = comment_field(key);
                   field != nullptr && field->in_comment != InComment::kHost) {
            set_field(end.process, *field, pair->second);
            end.has_process =
                key == kPidKey ? parse_number<uint32_t>(pair->second).has_value() : end.has_process;
        }
    }
    if (!end.has_process) {
        return {.via = end.via};
    }
    return end;
}

// An unknown value of `at` still means that the direction doesn't determine the end.
std::optional<At> read_at(const Comment& comment) {
    const std::optional<std::string_view> word = comment.find(kAtKey);
    if (!word) {
        return std::nullopt;
    }
    for (const At at : {At::kSender, At::kReceiver}) {
        if (*word == at_name(at)) {
            return at;
        }
    }
    return At::kUnknown;
}

}  // namespace

void append_identity(std::string& out, const Process& process, std::string_view prefix) {
    for (const ProcessField* field : comment_fields(InComment::kAlways)) {
        if (field->key != kPidKey) {
            append_field(out, prefix, process, *field);
        }
    }
}

void append_process(std::string& out, uint32_t pid, uint32_t tid, std::string_view identity,
                    Via via, std::string_view prefix) {
    append_pair(out, prefix, kPidKey, uint64_t{pid});
    if (tid != 0) {
        append_pair(out, prefix, kTidKey, uint64_t{tid});
    }
    if (!identity.empty()) {
        out += ' ';
        out += identity;
    }
    if (via != Via::kUnrecorded) {
        append_pair(out, prefix, kViaKey, via_name(via));
    }
}

void append_process(std::string& out, const Process& process, uint32_t tid, Via via,
                    std::string_view prefix) {
    std::string identity;
    append_identity(identity, process, prefix);
    append_process(out, process.pid, tid, identity, via, prefix);
}

void append_reason(std::string& out, Via via) {
    // A comment begins with pid or via.
    append_pair(out, {}, kViaKey, via_name(via == Via::kUnrecorded ? Via::kUnknown : via));
}

void append_at(std::string& out, At at, Direction direction) {
    if (at != at_by_direction(direction)) {
        append_pair(out, {}, kAtKey, at_name(at));
    }
}

void append_introduction(std::string& out, const Process& process, std::string_view prefix) {
    for (const ProcessField* field : comment_fields(InComment::kIntroduction)) {
        append_field(out, prefix, process, *field);
    }
}

Process process_as_of(const End& end) {
    Process process = *end.process;
    process.user = user_of(end);
    process.uid = uid_of(end);
    return process;
}

std::optional<CommentEnds> read_process_comment(std::string_view comment) {
    const std::optional<Comment> parsed = parse_comment(comment);
    if (!parsed) {
        return std::nullopt;
    }
    return CommentEnds{.self = read_end(*parsed, {}),
                       .peer = read_end(*parsed, kPeerPrefix),
                       .at = read_at(*parsed)};
}

bool introduces(const Comment& comment, std::string_view prefix) {
    const auto introducing = comment_fields(InComment::kIntroduction);
    return std::any_of(comment.pairs.begin(), comment.pairs.end(), [&](const auto& pair) {
        const std::string_view key = pair.first;
        return key.starts_with(prefix) &&
               std::any_of(introducing.begin(), introducing.end(), [&](const auto* field) {
                   return field->key == key.substr(prefix.size());
               });
    });
}

}  // namespace packet
