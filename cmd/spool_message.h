// SPDX-License-Identifier: GPL-2.0-only
//
// What a Spool and its process say to each other: datagrams over a pair of sockets, an answer to
// each request. A descriptor may go with an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pcapng/fd.h"

namespace cmd {

struct SpoolRequest {
    enum class Kind : uint8_t { kReady, kBegin, kBeginNew, kComplete, kKeep, kRemoveOldest };

    Kind kind = Kind::kReady;
    std::string name = {};
    std::string keep_as = {};
};

struct SpoolAnswer {
    int32_t code = 0;       // errno; 0: done
    uint64_t bytes = 0;     // of kRemoveOldest; of kComplete: the errno for which it isn't kept
    std::string text = {};  // what failed, or the name of the file that was made or removed
    pcapng::Fd fd = {};
};

// Return false and nullopt if the other side is gone.
bool send_request(int socket, const SpoolRequest& request);
std::optional<SpoolRequest> receive_request(int socket);
bool send_answer(int socket, const SpoolAnswer& answer);
std::optional<SpoolAnswer> receive_answer(int socket);

}  // namespace cmd
