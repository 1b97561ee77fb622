// SPDX-License-Identifier: GPL-2.0-only
//
// test::run: runs a program to its end and keeps what it says. For the oracles (tshark, capinfos,
// tcpdump, …). No shell: the arguments reach the program as they are. Standard input is empty.
#pragma once

#include <string>
#include <vector>

namespace test {

struct CommandResult {
    int status = -1;  // exit status; 128 + signal if killed; 127 if the program can't be started
    std::string out;
    std::string err;
    double peak_mib = 0;  // resident memory at most
};

CommandResult run(const std::vector<std::string>& arguments);

// The same for a program that must succeed: standard output, or a failed test that says which
// command went wrong and how.
std::string output_of(const std::vector<std::string>& arguments);

// For what a program has said.
inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// How often `part` stands in it.
size_t occurrences(const std::string& text, const std::string& part);

}  // namespace test
