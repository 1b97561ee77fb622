// SPDX-License-Identifier: GPL-2.0-only
#include "packet/process_fields.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "packet/comment.h"

namespace packet {
namespace {

using enum ColumnType;
using enum InComment;

constexpr auto kFields = std::to_array<ProcessField>({
    {"host", {"host", kText, "where it ran, if the file names it"}, &Process::host, kHost, 0},
    {"pid", {"pid", kUnsigned, "process id"}, &Process::pid, kAlways, 0},
    {"st",
     {"start_time", kTime, "when it started; with host and pid its identity"},
     &Process::start_ns,
     kAlways,
     4},
    {"", {"end_time", kTime, "when it ended, if the file records it"}, &Process::end_ns, kNever, 0},
    {"ppid", {"ppid", kUnsigned, "its parent's pid"}, &Process::ppid, kIntroduction, 0},
    {"pcomm", {"parent_comm", kText, "its parent's name"}, &Process::parent_comm, kIntroduction, 1},
    {"comm", {"comm", kText, "its name, the latest"}, &Process::comm, kAlways, 1},
    {"exe", {"exe", kText, "path of its program, the latest"}, &Process::exe, kAlways, 2},
    {"exedev",
     {"exe_device", kText, "device of its program's file system, major:minor"},
     &Process::exe_device,
     kIntroduction,
     9},
    {"exeino",
     {"exe_inode", kUnsigned, "inode number of its program"},
     &Process::exe_inode,
     kIntroduction,
     10},
    {"mntns",
     {"mntns", kUnsigned, "inode number of the mount namespace that exe is of, if not process 1's"},
     &Process::mntns,
     kIntroduction,
     11},
    {"cmdline",
     {"cmdline", kText, "arguments joined by one space"},
     &Process::cmdline,
     kIntroduction,
     3},
    {"uid", {"uid", kUnsigned, "its user, the latest"}, &Process::uid, kAlways, 3},
    {"user", {"user_name", kText, "name of its user"}, &Process::user, kIntroduction, 2},
    {"ctr", {"container", kText, "container id"}, &Process::container, kIntroduction, 5},
    {"ctrname",
     {"container_name", kText, "its container's name"},
     &Process::container_name,
     kIntroduction,
     13},
    {"ctrimage",
     {"container_image", kText, "image of its container"},
     &Process::container_image,
     kIntroduction,
     14},
    {"pod",
     {"pod_name", kText, "its pod's name, in Kubernetes"},
     &Process::pod_name,
     kIntroduction,
     15},
    {"podns",
     {"pod_namespace", kText, "its pod's namespace, in Kubernetes"},
     &Process::pod_namespace,
     kIntroduction,
     16},
    {"unit", {"unit", kText, "systemd unit"}, &Process::unit, kIntroduction, 6},
    {"cgroup", {"cgroup", kText, "path of its control group"}, &Process::cgroup, kIntroduction, 4},
    {"netns",
     {"netns", kUnsigned, "inode number of its network namespace"},
     &Process::netns,
     kIntroduction,
     7},
    {"nspid",
     {"nspid", kUnsigned, "its pid in its own pid namespace"},
     &Process::nspid,
     kIntroduction,
     8},
    {"pidns",
     {"pidns", kUnsigned, "inode number of the namespace that pid is of, if not the capture's"},
     &Process::pidns,
     kAlways,
     5},
    {"hostpid",
     {"host_pid", kUnsigned, "its pid on the host, if the capture had a pid namespace of its own"},
     &Process::host_pid,
     kIntroduction,
     12},
});

std::vector<const ProcessField*> in_comment_order(InComment which) {
    std::vector<const ProcessField*> fields;
    for (const ProcessField& field : kFields) {
        if (field.in_comment == which) {
            fields.push_back(&field);
        }
    }
    std::sort(fields.begin(), fields.end(),
              [](const auto* one, const auto* other) { return one->place < other->place; });
    return fields;
}

bool is_identity(const ProcessField& field) {
    return field.member == ProcessField::Member(&Process::host) ||
           field.member == ProcessField::Member(&Process::pid) ||
           field.member == ProcessField::Member(&Process::start_ns);
}

bool is_known(const std::string& value) {
    return !value.empty();
}
bool is_known(const RareText& value) {
    return !value.empty();
}
template <typename Number>
bool is_known(Number value) {
    return value != 0;
}
template <typename Number>
bool is_known(const std::optional<Number>& value) {
    return value.has_value();
}

void set_value(std::string& to, std::string_view text) {
    to = text;
}
void set_value(RareText& to, std::string_view text) {
    to = text;
}
template <typename Number>
void set_value(Number& to, std::string_view text) {
    to = parse_number<Number>(text).value_or(0);
}
template <typename Number>
void set_value(std::optional<Number>& to, std::string_view text) {
    to = parse_number<Number>(text);
}

uint64_t as_number(uint64_t value) {
    return value;
}
template <typename Number>
uint64_t as_number(const std::optional<Number>& value) {
    return *value;
}

}  // namespace

std::span<const ProcessField> process_fields() {
    return kFields;
}

std::span<const ProcessField* const> comment_fields(InComment which) {
    static const std::vector<const ProcessField*> kIdentity = in_comment_order(kAlways);
    static const std::vector<const ProcessField*> kIntroducing = in_comment_order(kIntroduction);
    return which == kIntroduction ? kIntroducing : kIdentity;
}

const ProcessField* comment_field(std::string_view key) {
    const auto* found = std::find_if(kFields.begin(), kFields.end(), [key](const auto& field) {
        return field.in_comment != kNever && field.key == key;
    });
    return found != kFields.end() ? found : nullptr;
}

std::optional<uint64_t> number_of(const Process& process, const ProcessField& field) {
    return std::visit(
        [&process](auto member) -> std::optional<uint64_t> {
            const auto& value = process.*member;
            using Kind = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Kind, std::string> || std::is_same_v<Kind, RareText>) {
                return std::nullopt;
            } else {
                return is_known(value) ? std::optional(as_number(value)) : std::nullopt;
            }
        },
        field.member);
}

std::optional<std::string_view> text_of(const Process& process, const ProcessField& field) {
    if (const auto* text = std::get_if<std::string Process::*>(&field.member)) {
        return process.**text;
    }
    if (const auto* text = std::get_if<RareText Process::*>(&field.member)) {
        return (process.**text).view();
    }
    return std::nullopt;
}

Value value_of(const Process& process, const ProcessField& field) {
    if (field.member == ProcessField::Member(&Process::cmdline)) {
        std::string line = joined_arguments(process);
        return line.empty() ? Value() : Value(std::move(line));
    }
    if (const auto text = text_of(process, field)) {
        return text->empty() ? Value() : Value(*text);
    }
    const std::optional<uint64_t> number = number_of(process, field);
    if (!number) {
        return {};
    }
    return field.column.type == kTime ? Value(Time{*number}) : Value(*number);
}

void set_field(Process& process, const ProcessField& field, std::string_view text) {
    std::visit([&](auto member) { set_value(process.*member, text); }, field.member);
}

bool update(Process& process, const Process& recorded) {
    bool changed = false;
    // These tell of one container: another one without a name has none to tell.
    if (!recorded.container.empty() && recorded.container != process.container) {
        for (RareText Process::*text : {&Process::container_name, &Process::container_image,
                                        &Process::pod_name, &Process::pod_namespace}) {
            changed = changed || process.*text != recorded.*text;
            process.*text = recorded.*text;
        }
    }
    for (const ProcessField& field : kFields) {
        if (is_identity(field)) {
            continue;
        }
        std::visit(
            [&](auto member) {
                const auto& value = recorded.*member;
                if (is_known(value) && process.*member != value) {
                    process.*member = value;
                    changed = true;
                }
            },
            field.member);
    }
    // These tell of one file: a later program that tells no mount namespace has none to tell.
    if (!recorded.exe.empty() && recorded.exe_inode != 0 && recorded.mntns == 0 &&
        process.mntns != 0) {
        process.mntns = 0;
        changed = true;
    }
    return changed;
}

}  // namespace packet
