// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/final_processes.h"

#include <sys/stat.h>

#include <utility>

#include "packet/process_fields.h"

namespace forensics {

FinalProcesses FinalProcesses::read(const std::string& path, const Progress& progress) {
    FinalProcesses result;
    struct stat status {};
    if (path == "-" || stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return result;
    }
    auto source = Source::open(path);
    if (!source) {
        return result;
    }
    auto packet = source->next();
    for (; packet && *packet != nullptr; packet = source->next()) {
        progress(*source);
    }
    result.processes_ = std::move(*source).take_processes();
    return result;
}

const Process* FinalProcesses::find(const Process& now) const {
    if (now.number >= processes_.size()) {
        return nullptr;
    }
    const Process& found = processes_[now.number];
    // The file may have been replaced since.
    return found.pid == now.pid && found.host == now.host ? &found : nullptr;
}

Process FinalProcesses::completed(const Process& now) const {
    const Process* found = find(now);
    if (found == nullptr) {
        return now;
    }
    Process process = *found;
    packet::update(process, now);
    process.version = now.version;
    return process;
}

}  // namespace forensics
