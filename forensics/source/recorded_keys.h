// SPDX-License-Identifier: GPL-2.0-only
//
// RecordedKeys: the lines of a file's TLS key logs (decryption secrets blocks), in order, and those
// of each connection. A file that can be read twice is read ahead for them: they may stand behind
// the packets that need them. Keeps each line once, and no more than kMaxBytes. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "packet/key_log.h"
#include "packet/keyed_hash.h"

namespace forensics {

class RecordedKeys {
  public:
    // What the lines and their tables take, about: some 300,000 connections.
    static constexpr size_t kMaxBytes = size_t{512} * 1024 * 1024;

    // Called now and then with the bytes that have been read of the uncompressed file.
    using Progress = std::function<void(uint64_t bytes)>;

    // Reads the file's blocks through, as far as they can be read. What can be read only once
    // (standard input, a fifo) isn't opened, and a pcap file has none.
    void read_ahead(const std::string& path, const Progress& progress);
    bool is_read_ahead() const { return is_read_ahead_; }

    // Adds a block's key log. Of a file that was read ahead, those that are known come again.
    void add(std::string_view log);

    // Lines have numbers from 0 in the order of the file.
    size_t size() const { return lines_.size(); }
    std::string_view line(size_t number) const { return lines_[number].text; }  // without an end
    // The connection that the line is of; null: it names none (a comment, secrets of RSA).
    const packet::ClientRandom* random(size_t number) const;
    // The lines of a connection, in order.
    std::span<const size_t> of(const packet::ClientRandom& random) const;

    // Lines that weren't kept: of more than a block may have, or beyond kMaxBytes.
    uint64_t left_out() const { return left_out_; }

  private:
    struct Line {
        std::string text;
        std::optional<packet::ClientRandom> random;
    };

    void add_line(std::string_view text);

    std::deque<Line> lines_;
    std::unordered_set<std::string_view, packet::KeyedHash> known_;
    std::unordered_map<packet::ClientRandom, std::vector<size_t>, packet::KeyedHash> by_random_;
    size_t bytes_ = 0;
    uint64_t left_out_ = 0;
    bool is_read_ahead_ = false;
    uint64_t ahead_ = 0;  // bytes of key logs that were read ahead, and not yet a second time
};

}  // namespace forensics
