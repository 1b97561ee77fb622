// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/select/interface_choice.h"

#include <algorithm>

#include "forensics/source/interface_place.h"
#include "packet/filter/glob.h"

namespace forensics {
namespace {

// A label like net:[4026532] is text and a pattern alike.
bool matches(const std::string& value, std::string_view text) {
    return !text.empty() && (value == text || packet::glob_matches(value, text));
}

bool any_matches(const std::vector<std::string>& values,
                 const std::vector<std::string_view>& texts) {
    return std::ranges::any_of(values, [&](const std::string& value) {
        return std::ranges::any_of(texts,
                                   [&](std::string_view text) { return matches(value, text); });
    });
}

std::string_view behind_last_slash(std::string_view text) {
    const size_t slash = text.rfind('/');
    return slash == text.npos ? text : text.substr(slash + 1);
}

}  // namespace

InterfaceChoice::InterfaceChoice(const std::vector<std::string>& names,
                                 const std::vector<std::string>& namespaces)
    : names_(sort(names)), namespaces_(sort(namespaces)) {}

InterfaceChoice::Patterns InterfaceChoice::sort(const std::vector<std::string>& values) {
    Patterns patterns;
    for (const std::string& value : values) {
        if (value.starts_with('!')) {
            patterns.excluded.push_back(value.substr(1));
        } else {
            patterns.wanted.push_back(value);
        }
    }
    return patterns;
}

bool InterfaceChoice::holds(const Patterns& patterns, const std::vector<std::string_view>& texts) {
    return (patterns.wanted.empty() || any_matches(patterns.wanted, texts)) &&
           !any_matches(patterns.excluded, texts);
}

bool InterfaceChoice::answer_of(const Interface& interface) {
    if (interface.number >= answers_.size()) {
        answers_.resize(interface.number + 1);
    }
    Answer& answer = answers_[interface.number];
    if (answer == Answer::kUnknown) {
        const std::string_view name = interface.name;
        const std::string_view place = place_of(interface);
        const bool wanted =
            holds(names_, {name, behind_last_slash(name)}) &&
            holds(namespaces_, {place, place.substr(0, place.find('/')), behind_last_slash(place)});
        answer = wanted ? Answer::kYes : Answer::kNo;
    }
    return answer == Answer::kYes;
}

}  // namespace forensics
