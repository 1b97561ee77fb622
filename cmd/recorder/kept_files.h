// SPDX-License-Identifier: GPL-2.0-only
//
// KeptFiles: which files of a rotation the windows of triggers cover. Knows the complete files by
// the times of their packets; keeps and removes none itself. Pure; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "cmd/recorder/trigger.h"

namespace cmd {

class KeptFiles {
  public:
    explicit KeptFiles(const TriggerWindow& span) : span_(span) {}

    // Returns the complete files that the window covers, the oldest first, but for those that it or
    // the window before has already. `kept_as`: the name for them, if there is no window at hand.
    std::vector<std::string> trigger(uint64_t time_ns, const std::string& kept_as);

    // A file of this name begins: an earlier one of this name is gone.
    void gone(const std::string& name);
    // A file of this name, with what was captured between these times, is about to be complete.
    // Returns the name that it is to be kept as, or an empty text.
    std::string completing(const std::string& name, uint64_t from_ns, uint64_t until_ns);

    // Whether the window at hand ends before a file that begins at this time.
    bool ends_at(uint64_t time_ns) const { return window_ && time_ns >= window_->until_ns; }
    void end_window() { window_.reset(); }

    std::optional<uint64_t> until() const {
        return window_ ? std::optional(window_->until_ns) : std::nullopt;
    }
    const std::string& kept_as() const { return window_->kept_as; }

  private:
    struct File {
        std::string name;
        uint64_t until_ns;
        bool kept = false;  // for the window at hand
    };
    struct Window {
        std::string kept_as;
        uint64_t until_ns = 0;
    };

    TriggerWindow span_;
    std::deque<File> files_;  // in the order of time
    std::optional<Window> window_;
};

}  // namespace cmd
