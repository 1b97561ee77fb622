// SPDX-License-Identifier: GPL-2.0-only
//
// The Rewriter's TLS keys. Of a file with all packets, all keys stand in front, as far as they are
// known: a packet may need those of any input. Of others, the keys of a connection stand before its
// ClientHello, and a file without that hasn't them.
#include "forensics/rewrite/rewriter.h"

namespace forensics {

using pcapng::Result;

void Rewriter::take_key(const Input& input, size_t number) {
    const std::string_view line = input.file->keys().line(number);
    key_log_ += line;
    key_log_ += '\n';
    keys_.lines += line.starts_with('#') ? 0 : 1;
}

// Takes the lines that the input has read since the last call, but for those whose hello may be
// still to come.
void Rewriter::take_new_keys(Input& input) {
    const RecordedKeys& keys = input.file->keys();
    for (; input.next_key < keys.size(); input.next_key++) {
        const packet::ClientRandom* random = keys.random(input.next_key);
        const bool is_late = random != nullptr && input.hellos.contains(*random);
        if (input.options.all_packets || is_late) {
            take_key(input, input.next_key);
            keys_.late += is_late ? 1 : 0;
        }
    }
}

// Takes the lines of the connection that the packet at hand begins.
void Rewriter::take_keys_of_hello(Input& input) {
    const auto& hello = input.file->hello();
    const RecordedKeys& keys = input.file->keys();
    const bool is_known =
        keys.is_read_ahead() && (input.options.all_packets || (hello && keys.of(*hello).empty()));
    if (!hello || is_known || !input.hellos.insert(*hello).second || input.options.all_packets) {
        return;
    }
    for (const size_t number : keys.of(*hello)) {
        take_key(input, number);
    }
}

Result<void> Rewriter::keys_before_packet(Input& input) {
    if (packets_ == 0) {
        for (Input& other : inputs_) {
            take_new_keys(other);
        }
    }
    take_new_keys(input);
    take_keys_of_hello(input);
    return write_keys();
}

Result<void> Rewriter::write_keys() {
    if (key_log_.empty()) {
        return {};
    }
    Result<void> written = writer_.tls_keys(key_log_);
    key_log_.clear();
    return written;
}

}  // namespace forensics
