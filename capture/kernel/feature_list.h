// SPDX-License-Identifier: GPL-2.0-only
//
// The list of kernel features and privileges that `pidcap doctor` shows: whether each is there,
// what is lost without it, and what to do about it. Every probe cleans up after itself: it attaches
// in a network namespace of a child process, or for an instant with a program that does nothing.
// Stateless. The probes fork, so call them from one thread.
#pragma once

#include <string>
#include <vector>

namespace capture {

class Features;

// One thing that the tool can use. `id` is stable: it is the key in `pidcap doctor --json`.
struct Feature {
    enum class State { kYes, kNo, kUnknown };  // kUnknown: not tried, `detail` says why
    // kRequired: no capture without it. kOneOf: no capture without one of its group (tcx, clsact).
    enum class Need { kRequired, kOneOf, kOptional };

    std::string id;
    std::string group;  // "privilege", "kernel", "hook", "map", "helper", "tracing", "TLS keys"
    std::string name;   // for people
    Need need = Need::kOptional;
    State state = State::kUnknown;
    std::string detail;  // what was seen, may be empty
    std::string cost;    // what is lost without it
    std::string remedy;  // what to do about it
};

// Returns all features in the order in which they are shown. Works without privilege too: a feature
// that can't be tried is kUnknown then.
std::vector<Feature> list_features(Features& kernel);

// Returns true if `features` has everything that a capture requires.
bool can_capture(const std::vector<Feature>& features);

}  // namespace capture
