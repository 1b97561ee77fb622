// SPDX-License-Identifier: GPL-2.0-only
#include "tests/attribution/tool.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace bench {
namespace {

// Empty if PATH has no such program.
std::string find_program(const std::string& name) {
    const char* path = getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string file = folder + "/" + name;
        if (access(file.c_str(), X_OK) == 0) {
            return file;
        }
    }
    return {};
}

}  // namespace

Tool::Tool(const test::Netns& netns, const std::vector<std::string>& command)
    : name_(command.front()), process_(test::Launch{command, &netns}) {
    // It may not be through execve yet, or may have ended already: both are known beforehand.
    who_ = test::who_is(process_.pid());
    who_.comm = name_;
    who_.exe = std::filesystem::canonical(find_program(name_));
}

void Tool::must_succeed() {
    if (const int status = process_.wait(); status != 0) {
        throw std::runtime_error(name_ + " ended with status " + std::to_string(status) + ": " +
                                 process_.err() + process_.out());
    }
}

bool Tool::exists(const std::string& name) {
    return !find_program(name).empty();
}

}  // namespace bench
