// SPDX-License-Identifier: GPL-2.0-only
//
// InterfaceChoice: decides which interfaces of a file are wanted, by name and by network namespace,
// and remembers the answer for each interface. Owns its patterns. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "forensics/packet_types.h"

namespace forensics {

class InterfaceChoice {
  public:
    InterfaceChoice() = default;  // every interface
    // Each value is a text or a pattern (packet/filter/glob.h). Several values are alternatives; a
    // value after "!" is excluded. `names` match an interface's whole name or its last part, the
    // interface's own name. `namespaces` match what stands before that: NETNS, of a merged file
    // HOST/NETNS or either of both. An interface of the capture's own namespace has none: "*"
    // doesn't match it.
    InterfaceChoice(const std::vector<std::string>& names,
                    const std::vector<std::string>& namespaces);

    // Call for each file: its interfaces are others.
    void begin() { answers_.clear(); }
    bool wants(const Interface& interface) {
        return (names_.empty() && namespaces_.empty()) || answer_of(interface);
    }

  private:
    struct Patterns {
        std::vector<std::string> wanted;
        std::vector<std::string> excluded;

        bool empty() const { return wanted.empty() && excluded.empty(); }
    };
    enum class Answer : uint8_t { kUnknown, kYes, kNo };

    bool answer_of(const Interface& interface);
    static Patterns sort(const std::vector<std::string>& values);
    static bool holds(const Patterns& patterns, const std::vector<std::string_view>& texts);

    Patterns names_;
    Patterns namespaces_;
    std::vector<Answer> answers_;  // by the interface's number
};

}  // namespace forensics
