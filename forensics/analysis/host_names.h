// SPDX-License-Identifier: GPL-2.0-only
//
// HostNames: the name that a DNS answer gave an address, for the host that asked. Stores each name
// once, at an address that doesn't change. Keeps at most kMaxAnswers pairs of asker and address and
// ignores later ones.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "forensics/analysis/flow.h"
#include "forensics/analysis/flow_key.h"
#include "packet/keyed_hash.h"

namespace forensics {

class HostNames {
  public:
    // Returns a copy of the name that lives as long as this object.
    std::string_view keep(std::string_view name);

    // Adds an answer that was sent to `asker`. An answer to a multicast group or a loopback address
    // is used for every asker: all hosts receive the first; the second comes from a resolver on the
    // captured machine, on behalf of programs that use its other addresses.
    void add(const Address& asker, const Address& address, std::string_view name);
    // Returns the latest name, or an empty text.
    std::string_view find(const Address& asker, const Address& address) const;
    // How many names are kept.
    size_t size() const { return names_.size(); }
    // Whether it ignores answers.
    bool is_full() const { return answers_.size() >= kMaxAnswers; }

  private:
    static constexpr size_t kMaxAnswers = 131072;

    static FlowKey key(const Address& asker, const Address& address);

    std::set<std::string, std::less<>> names_;  // no hash: whoever wrote the file chose them
    std::unordered_map<FlowKey, std::string_view, packet::KeyedHash> answers_;
};

}  // namespace forensics
