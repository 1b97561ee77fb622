// SPDX-License-Identifier: GPL-2.0-only
//
// HostNames: which name an address was given by an answer, for the host that asked. Keeps every
// name once, at the same place for as long as it lives. Names of at most kMaxAnswers pairs of
// asker and address; those that come after aren't kept.
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
    // A name that is a text of this object's.
    std::string_view keep(std::string_view name);

    // An answer that was sent to `asker`. What a multicast group or a loopback address was told
    // holds for every asker: the first is heard by all; the second comes from a resolver on the
    // captured machine, which asks for programs that use its other addresses.
    void add(const Address& asker, const Address& address, std::string_view name);
    // The latest name; empty: none.
    std::string_view find(const Address& asker, const Address& address) const;

  private:
    static constexpr size_t kMaxAnswers = 131072;

    static FlowKey key(const Address& asker, const Address& address);

    std::set<std::string, std::less<>> names_;  // no hash: whoever wrote the file chose them
    std::unordered_map<FlowKey, std::string_view, packet::KeyedHash> answers_;
};

}  // namespace forensics
