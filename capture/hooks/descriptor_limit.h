// SPDX-License-Identifier: GPL-2.0-only
//
// The limit of open files: a hook on an interface holds up to three descriptors, a network
// namespace three more, until the end. Names and details of processes are read from files all the
// time, so a few are always left for those.
#pragma once

#include <string>

#include "pcapng/result.h"

namespace capture {

// Raises this process's soft limit to the hard one. Many systems set the soft one to 1,024 for the
// sake of programs that call select(2), which we don't.
void raise_descriptor_limit();

// Returns true if this process may open some more files.
bool leaves_descriptors();

// Returns the error (EMFILE) of `what` for lack of descriptors, with the limit and the next step.
pcapng::Error out_of_descriptors(const std::string& what);

// Returns the error, with the same addition if it is EMFILE.
pcapng::Error explain_descriptors(const pcapng::Error& error);

}  // namespace capture
