// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/exec_payload.h"

#include <catch2/catch.hpp>
#include <string_view>

using capture::decode_exec_payload;
using capture::ExecPayload;
using namespace std::string_view_literals;

namespace {

ExecPayload decode(std::string_view path, std::string_view args, bool path_cut = false,
                   bool args_cut = false) {
    pidcap_event event{};
    event.path_len = static_cast<uint16_t>(path.size());
    event.args_len = static_cast<uint16_t>(args.size());
    event.path_truncated = path_cut ? 1 : 0;
    event.args_truncated = args_cut ? 1 : 0;
    const std::string both = std::string(path) + std::string(args);
    return decode_exec_payload(event, std::as_bytes(std::span(both)));
}

}  // namespace

TEST_CASE("a path is put together from its leaf upwards") {
    const ExecPayload payload = decode("curl\0bin\0usr\0"sv, "curl\0-v\0"sv);
    CHECK(payload.exe == "/usr/bin/curl");
    CHECK(payload.cmdline == "curl\0-v\0"sv);
    CHECK(payload.exe_complete);
    CHECK(payload.cmdline_complete);
    CHECK_FALSE(payload.malformed);
}

TEST_CASE("a device is told by its two numbers, if there is a file") {
    pidcap_event event{};
    event.exe_device = 259 << 20 | 2;
    CHECK(decode_exec_payload(event, {}).exe_device.empty());
    event.exe_inode = 1;
    CHECK(decode_exec_payload(event, {}).exe_device == "259:2");
}

TEST_CASE("a path without its root end doesn't begin with a slash") {
    const ExecPayload payload = decode("curl\0bin\0"sv, "curl\0-"sv, true, true);
    CHECK(payload.exe == "bin/curl");
    CHECK(payload.cmdline == "curl\0-\0"sv);
    CHECK_FALSE(payload.exe_complete);
    CHECK_FALSE(payload.cmdline_complete);
}

TEST_CASE("a path that the contract doesn't allow is not believed") {
    for (const std::string_view path :
         {"curl"sv, "a\0\0b\0"sv, "\0"sv, "a/b\0c\0"sv, "curl\0bin"sv}) {
        const ExecPayload payload = decode(path, "x\0"sv);
        CHECK(payload.malformed);
        CHECK(payload.exe.empty());
        CHECK(payload.cmdline == "x\0"sv);
    }
}

TEST_CASE("lengths beyond the payload or the contract are not followed") {
    const std::string bytes(4096, '\0');
    pidcap_event event{};
    event.path_len = 65535;
    event.args_len = 65535;
    CHECK(decode_exec_payload(event, std::as_bytes(std::span(bytes))).malformed);
    event.path_len = 0;
    event.args_len = 8;
    CHECK(decode_exec_payload(event, std::as_bytes(std::span(bytes).first(7))).malformed);
    CHECK_FALSE(decode_exec_payload(event, std::as_bytes(std::span(bytes).first(8))).malformed);
}

namespace {

std::string directory_of(std::string_view components, bool cut = false, size_t missing = 0) {
    pidcap_event event{};
    event.cwd_len = static_cast<uint16_t>(components.size());
    event.cwd_truncated = cut ? 1 : 0;
    std::string payload(PIDCAP_PATH_LEN + PIDCAP_ARGS_LEN, 'x');
    payload += components;
    payload.resize(payload.size() - missing);
    return capture::working_directory(event, std::as_bytes(std::span(payload)));
}

}  // namespace

TEST_CASE("a working directory stands behind the room for path and arguments") {
    CHECK(directory_of("b\0a\0"sv) == "/a/b");
    CHECK(directory_of(""sv) == "/");
    CHECK(directory_of("b\0a\0"sv, true) == "a/b");
    CHECK(directory_of(""sv, true).empty());
}

TEST_CASE("a working directory that the contract doesn't allow is not believed") {
    CHECK(directory_of("b\0a\0"sv, false, 1).empty());
    CHECK(directory_of("b\0a"sv).empty());
    CHECK(directory_of("b/c\0"sv).empty());
    CHECK(directory_of(std::string(PIDCAP_CWD_LEN + 1, '\0')).empty());
}
