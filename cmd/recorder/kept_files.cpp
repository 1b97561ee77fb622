// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/kept_files.h"

#include <algorithm>

namespace cmd {

std::vector<std::string> KeptFiles::trigger(uint64_t time_ns, const std::string& kept_as) {
    if (!window_) {
        window_ = Window{kept_as, 0};
        for (File& file : files_) {
            file.kept = false;
        }
    }
    window_->until_ns = std::max(window_->until_ns, span_.until_ns(time_ns));
    const uint64_t from = span_.from_ns(time_ns);
    std::vector<std::string> names;
    for (File& file : files_) {
        if (!file.kept && file.until_ns >= from) {
            file.kept = true;
            names.push_back(file.name);
        }
    }
    return names;
}

void KeptFiles::gone(const std::string& name) {
    std::erase_if(files_, [&](const File& file) { return file.name == name; });
}

std::string KeptFiles::completing(const std::string& name, uint64_t from_ns, uint64_t until_ns) {
    const uint64_t oldest = span_.from_ns(until_ns);
    while (!files_.empty() && files_.front().until_ns < oldest) {
        files_.pop_front();
    }
    const bool kept = window_ && from_ns < window_->until_ns;
    files_.push_back({name, until_ns, kept});
    return kept ? window_->kept_as : std::string();
}

}  // namespace cmd
