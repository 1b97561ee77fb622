// SPDX-License-Identifier: GPL-2.0-only
//
// Notices: what the user is told of a capture's interfaces, such as one that can't be captured.
// Each text is told once. Their number is bounded, because users may make as many interfaces as
// they like; the rest is counted. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace capture {

class Notices {
  public:
    static constexpr size_t kMost = 100;

    void add(const std::string& text) {
        if (known_.contains(text)) {
            return;
        }
        if (known_.size() == kMost) {
            untold_++;
            return;
        }
        known_.insert(text);
        waiting_.push_back(text);
    }

    // Returns the notices since the last call.
    std::vector<std::string> take() { return std::exchange(waiting_, {}); }
    // Returns how many there was no room for.
    uint64_t untold() const { return untold_; }

  private:
    std::set<std::string> known_;
    std::vector<std::string> waiting_;
    uint64_t untold_ = 0;
};

}  // namespace capture
