// SPDX-License-Identifier: GPL-2.0-only
//
// A TLS ClientHello with a server name, as a record of TLS and as QUIC has it.
#pragma once

#include <cstddef>
#include <string>

namespace test {

// `padding`: bytes of an extension before the name's.
inline std::string client_hello_message(const std::string& name, size_t padding = 600) {
    const auto be16 = [](size_t number) {
        return std::string{static_cast<char>(number >> 8), static_cast<char>(number)};
    };
    const std::string entry = std::string(1, '\0') + be16(name.size()) + name;
    const std::string list = be16(entry.size()) + entry;
    const std::string before = be16(21) + be16(padding) + std::string(padding, '\0');
    const std::string extensions = before + be16(0) + be16(list.size()) + list;
    const std::string body = std::string("\3\3") + std::string(32, 'r') + std::string(1, '\0') +
                             be16(2) + "\x13\1" + std::string("\1\0", 2) + be16(extensions.size()) +
                             extensions;
    return std::string("\1\0", 2) + be16(body.size()) + body;
}

inline std::string client_hello(const std::string& name) {
    const std::string message = client_hello_message(name);
    return std::string("\x16\3\1") + static_cast<char>(message.size() >> 8) +
           static_cast<char>(message.size()) + message;
}

}  // namespace test
