// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/tracepoint_format.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>

namespace {

using namespace capture;
using packet::EventField;
using packet::FieldKind;
using Values = std::vector<std::pair<uint64_t, std::string>>;

const std::string kCommon =
    "name: x\nID: 2281\nformat:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

KernelNames names() {
    return {[](const std::string& name) -> std::optional<uint64_t> {
                static const std::map<std::string, uint64_t> kKnown = {{"TCP_ESTABLISHED", 1},
                                                                       {"TCP_SYN_SENT", 2}};
                const auto found = kKnown.find(name);
                return found != kKnown.end() ? std::optional(found->second) : std::nullopt;
            },
            [](const std::string& type) -> Values {
                return type == "reason" ? Values{{2, "NO_SOCKET"}} : Values{};
            }};
}

TracepointFormat parsed(const std::string& fields, bool of_system_call = false) {
    auto format = parse_tracepoint_format(kCommon + fields, of_system_call, names());
    REQUIRE(format.ok());
    return *format;
}

EventField field(const TracepointFormat& format, const std::string& name) {
    const auto& fields = format.layout.fields;
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&name](const EventField& one) { return one.name == name; });
    return found != fields.end() ? *found : EventField{};
}

std::string line(const std::string& declaration, int offset, int size, int is_signed = 0) {
    return "\tfield:" + declaration + ";\toffset:" + std::to_string(offset) +
           ";\tsize:" + std::to_string(size) + ";\tsigned:" + std::to_string(is_signed) + ";\n";
}

}  // namespace

TEST_CASE("a retransmission's format of Linux 6.18 gives addresses, names and the socket") {
    const TracepointFormat format = parsed(
        line("const void * skbaddr", 8, 8) + line("const void * skaddr", 16, 8) +
        line("int state", 24, 4, 1) + line("__u16 sport", 28, 2) + line("__u16 family", 32, 2) +
        line("__u8 saddr[4]", 34, 4) + line("__u8 saddr_v6[16]", 42, 16) +
        line("int err", 76, 4, 1) +
        "\nprint fmt: \"skbaddr=%p skaddr=%p family=%s sport=%hu saddr=%pI4 saddrv6=%pI6c state=%s "
        "err=%d\", REC->skbaddr, REC->skaddr, __print_symbolic(REC->family, { 2, \"AF_INET\" }, { "
        "10, \"AF_INET6\" }), REC->sport, REC->saddr, REC->saddr_v6, __print_symbolic(REC->state, "
        "{ "
        "TCP_ESTABLISHED, \"TCP_ESTABLISHED\" }, { TCP_SYN_SENT, \"TCP_SYN_SENT\" }, { UNHEARD_OF, "
        "\"UNHEARD_OF\" }), REC->err\n");
    CHECK(format.id == 2281);
    CHECK(format.fixed_size == 80);
    CHECK(format.socket_offset == 16);
    CHECK(format.packet_offset == 8);
    CHECK(format.dynamic_offsets.empty());
    CHECK(format.layout.fields.front() == EventField{"common_pid", FieldKind::kSigned, 4, 4, {}});
    CHECK(field(format, "skaddr").kind == FieldKind::kPointer);
    CHECK(field(format, "saddr") == EventField{"saddr", FieldKind::kIp4, 34, 4, {}});
    CHECK(field(format, "saddr_v6").kind == FieldKind::kIp6);
    CHECK(field(format, "family").values == Values{{2, "AF_INET"}, {10, "AF_INET6"}});
    CHECK(field(format, "state") ==
          EventField{
              "state", FieldKind::kSigned, 24, 4, {{1, "TCP_ESTABLISHED"}, {2, "TCP_SYN_SENT"}}});
}

TEST_CASE("names of bits and of an enum's numbers are found") {
    const TracepointFormat format = parsed(
        line("long prev_state", 32, 8, 1) + line("enum reason why", 40, 4) +
        line("unsigned long call_site", 48, 8) +
        "print fmt: \"%s%s %u %pS\", (REC->prev_state & ((((0x00000000 | 0x00000001) + 1) << 1) - "
        "1)) "
        "? __print_flags(REC->prev_state & ((((0x0 | 0x1) + 1) << 1) - 1), \"|\", { 0x00000001, "
        "\"S\" }, { (unsigned long)(((1UL) << 3)), \"t\" }) : \"R\", REC->prev_state & 2 ? \"+\" : "
        "\"\", "
        "REC->why, (void *)REC->call_site\n");
    CHECK(field(format, "prev_state").values == Values{{1, "S"}, {8, "t"}});
    CHECK(field(format, "why").values == Values{{2, "NO_SOCKET"}});
    CHECK(field(format, "call_site").kind == FieldKind::kPointer);
}

TEST_CASE("texts, pieces, arrays and numbers in network order have their kinds") {
    const TracepointFormat format = parsed(
        line("__data_loc char[] filename", 8, 4) + line("__data_loc u8[] mac", 12, 4) +
        line("char comm[16]", 16, 16) + line("unsigned long args[6]", 32, 48) +
        line("__be16 port", 80, 2) + line("__u8 saddr[sizeof(struct sockaddr_in6)]", 84, 28) +
        line("u8 none[0]", 112, 0) + "print fmt: \"%s %pISpc\", __get_str(filename), REC->saddr\n");
    CHECK(field(format, "filename").kind == FieldKind::kString);
    CHECK(field(format, "mac").kind == FieldKind::kDynamic);
    CHECK(format.dynamic_offsets == std::vector<uint16_t>{8, 12});
    CHECK(field(format, "comm").kind == FieldKind::kChars);
    CHECK(field(format, "args").kind == FieldKind::kBytes);
    CHECK(field(format, "port").kind == FieldKind::kBytes);
    CHECK(field(format, "saddr").kind == FieldKind::kSocketAddress);
    CHECK(field(format, "none").name.empty());
}

TEST_CASE("of a system call there are number and arguments, of which an int has 4 bytes") {
    const TracepointFormat format =
        parsed(line("int __syscall_nr", 8, 4, 1) + line("int fd", 16, 8) +
                   line("const char * name", 24, 8) + line("size_t count", 32, 8) +
                   line("__data_loc char[] __name_val", 64, 4) + "print fmt: \"%d\", REC->fd\n",
               true);
    CHECK(field(format, "fd") == EventField{"fd", FieldKind::kSigned, 16, 4, {}});
    CHECK(field(format, "name").kind == FieldKind::kPointer);
    CHECK(field(format, "count") == EventField{"count", FieldKind::kUnsigned, 32, 8, {}});
    CHECK(field(format, "__name_val").name.empty());
    CHECK(format.fixed_size == 40);
    CHECK(format.dynamic_offsets.empty());
    CHECK_FALSE(format.socket_offset);
}

TEST_CASE("what isn't a format is refused") {
    const auto refused = [](const std::string& text) {
        return !parse_tracepoint_format(text, false, names()).ok();
    };
    CHECK(refused(""));
    CHECK(refused("name: x\nID: 1\nformat:\n"));
    CHECK(refused(kCommon + "\tfield:int x;\toffset:;\tsize:4;\tsigned:1;\n"));
    CHECK(refused(kCommon + "\tfield:;\toffset:8;\tsize:4;\tsigned:1;\n"));
    CHECK(refused(kCommon + "\tfield:int x];\toffset:8;\tsize:4;\tsigned:1;\n"));
    CHECK(refused(kCommon + line("int x", 8190, 4)));
    CHECK(refused(kCommon + "\tfield:int x;\toffset:4294967295;\tsize:4294967295;\tsigned:1;\n"));
    CHECK(refused(kCommon.substr(kCommon.find("format:"))));
}

TEST_CASE("constant expressions have the values that C gives them") {
    const FindConstant none = [](const std::string&) { return std::nullopt; };
    const auto value = [&none](const std::string& text) { return evaluate_constant(text, none); };
    CHECK(value("0x10") == 16);
    CHECK(value("010") == 8);
    CHECK(value("1UL << 3 | 1") == 9);
    CHECK(value("(((0x1 | 0x2) + 1) << 1) - 1") == 7);
    CHECK(value("-1") == UINT64_MAX);
    CHECK(value("~0U & 0xff") == 0xff);
    CHECK(value("(unsigned long)(u32)5") == 5);
    for (const char* refused : {"", "(", "1 +", "1 << 64", "x", "1 2", "(long", "0x", "1)"}) {
        CHECK_FALSE(value(refused));
    }
    CHECK_FALSE(value(std::string(100'000, '(')));
    CHECK_FALSE(value(std::string(100'000, '-') + "1"));
}

TEST_CASE("a broken print format gives nothing, and does no harm") {
    const FindConstant none = [](const std::string&) { return std::nullopt; };
    for (const char* text :
         {"", "\"", "\"%", "\"%d", "\"%d\"", "\"%d\",", "\"%s\", __print_symbolic(",
          "\"%s\", __print_flags(REC->x", "\"%s\", __print_symbolic(REC->x, {",
          "\"%s\", __print_symbolic(REC->x, { 1, \"a", "\"%s\", ((((((((", "\"\\",
          "\"%*.*d\", REC->a, REC->b, REC->c"}) {
        const PrintFormat format = parse_print_format(text, none);
        CHECK(std::all_of(format.values.begin(), format.values.end(),
                          [](const auto& field) { return field.second.empty(); }));
    }
}
