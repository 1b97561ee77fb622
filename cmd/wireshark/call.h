// SPDX-License-Identifier: GPL-2.0-only
//
// How Wireshark calls an extcap program (its manual page extcap(4)): what it wants, and with which
// of the dialog's values. Arguments that later versions may add are passed over.
#pragma once

#include <map>
#include <span>
#include <string>

namespace extcap {

struct Call {
    enum class Action {
        kNone,
        kVersion,
        kHelp,
        kInterfaces,   // which interfaces and toolbar controls there are
        kLinkTypes,    // of an interface
        kDialog,       // of an interface
        kReload,       // the values of `option` anew
        kCheckFilter,  // whether `filter` is one
        kCapture,
        kCleanUp,  // after a capture was killed: what the kernel didn't take away, we can't either
    };

    Action action = Action::kNone;
    std::string interface = {};
    std::string filter = {};
    std::string option = {};  // without its dashes
    std::string fifo = {};
    std::string control_in = {};  // empty: there is no toolbar
    std::string control_out = {};
    // The dialog's, by option without its dashes; empty where it was given none.
    std::map<std::string, std::string> values = {};
};

// `arguments` without the program's name.
Call parse_call(std::span<const std::string> arguments);

}  // namespace extcap
