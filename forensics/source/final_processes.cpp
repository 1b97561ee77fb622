// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/final_processes.h"

#include <sys/stat.h>

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
    for (const Process& process : source->processes()) {
        result.processes_.emplace(process.number, process);
    }
    return result;
}

const Process* FinalProcesses::find(const Process& now) const {
    const auto found = processes_.find(now.number);
    // The file may have been replaced since.
    return found != processes_.end() && found->second.pid == now.pid &&
                   found->second.host == now.host
               ? &found->second
               : nullptr;
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
