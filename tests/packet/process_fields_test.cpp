// SPDX-License-Identifier: GPL-2.0-only
//
// Each line of the table of fields, by whatever goes through it.
#include "packet/process_fields.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <type_traits>
#include <variant>

#include "packet/process_comment.h"

using packet::comment_field;
using packet::comment_fields;
using packet::InComment;
using packet::Process;
using packet::process_fields;
using packet::ProcessField;
using packet::value_of;
using packet::Via;

namespace {

// A value that no other field has, and another for each `salt`.
void fill(Process& process, const ProcessField& field, uint32_t salt) {
    std::visit(
        [&](auto member) {
            auto& value = process.*member;
            using Kind = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Kind, std::string> ||
                          std::is_same_v<Kind, packet::RareText>) {
                value = std::string(field.column.name) + " = 100% " + std::to_string(salt);
            } else {
                value = salt + static_cast<uint32_t>(&field - process_fields().data());
            }
        },
        field.member);
}

Process full_process(uint32_t salt) {
    Process process;
    for (const ProcessField& field : process_fields()) {
        fill(process, field, salt);
    }
    return process;
}

bool is_identity(const ProcessField& field) {
    return field.column.name == "host" || field.column.name == "pid" ||
           field.column.name == "start_time";
}

bool is_known(const Process& process, const ProcessField& field) {
    return value_of(process, field) != packet::Value();
}

void check_equal(const Process& one, const Process& other) {
    for (const ProcessField& field : process_fields()) {
        INFO(field.column.name);
        CHECK(value_of(one, field) == value_of(other, field));
    }
}

}  // namespace

TEST_CASE("no field of a process is known that nobody has set") {
    const Process nobody;
    for (const ProcessField& field : process_fields()) {
        INFO(field.column.name);
        CHECK_FALSE(is_known(nobody, field));
        CHECK_FALSE(packet::number_of(nobody, field).has_value());
    }
}

TEST_CASE("a field's value is that of its member, with its column's type") {
    const Process process = full_process(1000);
    for (const ProcessField& field : process_fields()) {
        INFO(field.column.name);
        const packet::Value value = value_of(process, field);
        const auto number = packet::number_of(process, field);
        const std::string text = std::string(field.column.name) + " = 100% 1000";
        switch (field.column.type) {
            case packet::ColumnType::kText:
                CHECK_FALSE(number.has_value());
                if (const auto* view = std::get_if<std::string_view>(&value)) {
                    CHECK(*view == text);
                } else {
                    CHECK(std::get<std::string>(value) == text);
                }
                break;
            case packet::ColumnType::kTime:
                REQUIRE(number.has_value());
                CHECK(value == packet::Value(packet::Time{*number}));
                break;
            default:
                REQUIRE(number.has_value());
                CHECK(value == packet::Value(*number));
        }
    }
    Process root;
    root.uid = 0;
    CHECK(value_of(root, *comment_field("uid")) == packet::Value(uint64_t{0}));
    Process spaced;
    spaced.cmdline = std::string("sleep\0 1\0\0", 10);
    CHECK(value_of(spaced, *comment_field("cmdline")) == packet::Value(std::string("sleep  1")));
}

TEST_CASE("every field that a comment can have is read back as it was written") {
    const Process self = full_process(1000);
    Process peer = full_process(2000);
    peer.host = self.host;
    std::string comment;
    packet::append_process(comment, self, 7, Via::kSocket);
    packet::append_pair(comment, {}, packet::kHostKey, self.host);
    packet::append_process(comment, peer, 8, Via::kLookup, packet::kPeerPrefix);
    packet::append_introduction(comment, self);
    packet::append_introduction(comment, peer, packet::kPeerPrefix);
    const auto ends = packet::read_process_comment(comment);
    REQUIRE(ends.has_value());
    const auto check = [](const packet::CommentEnd& end, Process written) {
        CHECK(end.has_process);
        written.end_ns.reset();  // the only one that no comment has
        check_equal(end.process, written);
        for (const ProcessField& field : process_fields()) {
            INFO(field.column.name);
            CHECK(is_known(end.process, field) == (field.in_comment != InComment::kNever));
        }
    };
    check(ends->self, self);
    check(ends->peer, peer);
}

TEST_CASE("a key leads to its field, and what a comment has is in order with pid first") {
    std::set<std::string_view> keys;
    size_t count = 0;
    for (const ProcessField& field : process_fields()) {
        INFO(field.column.name);
        if (field.in_comment == InComment::kNever) {
            CHECK(field.key.empty());
            continue;
        }
        CHECK(keys.insert(field.key).second);
        CHECK(comment_field(field.key) == &field);
        count += field.in_comment != InComment::kHost ? 1 : 0;
    }
    CHECK(comment_field("") == nullptr);
    CHECK(comment_field("tid") == nullptr);
    CHECK(comment_field("via") == nullptr);
    CHECK(comment_fields(InComment::kAlways).front()->key == "pid");
    size_t listed = 0;
    for (const InComment which : {InComment::kAlways, InComment::kIntroduction}) {
        int place = 0;
        for (const ProcessField* field : comment_fields(which)) {
            INFO(field->column.name);
            CHECK(field->in_comment == which);
            CHECK(field->place == place++);
            ++listed;
        }
    }
    CHECK(listed == count);
}

TEST_CASE("text that is no number leaves a number unset") {
    for (const ProcessField& field : process_fields()) {
        if (field.column.type == packet::ColumnType::kText) {
            continue;
        }
        INFO(field.column.name);
        for (const std::string_view text : {"", "x", "-1", "1x", " 1", "18446744073709551616"}) {
            Process process;
            fill(process, field, 5);
            packet::set_field(process, field, text);
            CHECK_FALSE(is_known(process, field));
        }
    }
    Process process;
    packet::set_field(process, *comment_field("uid"), "4294967296");
    CHECK_FALSE(process.uid.has_value());
}

TEST_CASE("an update takes over each field that is known, and never the identity") {
    const Process before = full_process(1000);
    for (const ProcessField& field : process_fields()) {
        INFO(field.column.name);
        Process recorded;
        fill(recorded, field, 2000);
        Process process = before;
        CHECK(packet::update(process, recorded) == !is_identity(field));
        Process expected = before;
        if (!is_identity(field)) {
            fill(expected, field, 2000);
        }
        if (field.key == "ctr") {  // another container, of which nothing else is known
            expected.container_name = expected.container_image = "";
            expected.pod_name = expected.pod_namespace = "";
        }
        check_equal(process, expected);
        CHECK_FALSE(packet::update(process, recorded));
    }
}

TEST_CASE("a new executable of the capture's own mount namespace has none of the one before") {
    Process process;
    process.exe = "/usr/bin/tool";
    process.exe_inode = 1;
    process.mntns = 4026532300;
    Process recorded = process;
    recorded.exe_inode = 2;
    recorded.mntns = 0;
    CHECK(packet::update(process, recorded));
    CHECK(process.mntns == 0);
    CHECK(process.exe_inode == 2);
}

TEST_CASE("another container has none of the names of the one before") {
    Process process;
    process.container = "a";
    process.container_name = "web";
    process.container_image = "i";
    process.pod_name = "p";
    process.pod_namespace = "n";
    Process recorded;
    recorded.container = "a";
    CHECK_FALSE(packet::update(process, recorded));
    CHECK(process.container_name == "web");
    recorded.container = "b";
    recorded.container_image = "j";
    CHECK(packet::update(process, recorded));
    CHECK(process.container == "b");
    CHECK(process.container_name.empty());
    CHECK(process.container_image == "j");
    CHECK(process.pod_name.empty());
    CHECK(process.pod_namespace.empty());
}

TEST_CASE("an update changes nothing where nothing is known, and is complete where all is") {
    Process process = full_process(1000);
    CHECK_FALSE(packet::update(process, Process()));
    check_equal(process, full_process(1000));
    Process learnt;
    CHECK(packet::update(learnt, process));
    for (const ProcessField& field : process_fields()) {
        INFO(field.column.name);
        CHECK(is_known(learnt, field) == !is_identity(field));
    }
    // 0 is a user as well.
    Process root;
    root.uid = 0;
    CHECK(packet::update(learnt, root));
    CHECK(learnt.uid == 0U);
}
