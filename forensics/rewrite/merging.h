// SPDX-License-Identifier: GPL-2.0-only
//
// Merging: merges files of several hosts into one, in the order of time. If times are equal,
// packets of the file that was given first come first. Packets of one file keep their order. Owns
// the files that it reads. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "forensics/packet_types.h"
#include "forensics/rewrite/rewriter.h"
#include "forensics/source/input_file.h"
#include "forensics/source/source.h"
#include "packet/packet_count.h"
#include "pcapng/output.h"
#include "pcapng/result.h"

namespace forensics {

struct HostFile {
    std::string path;  // "-": standard input
    std::string host;
};

class Merging {
  public:
    // Reads up to the first packet of each file. An error if one of them is no capture file.
    // Files that can be read twice are read ahead for their TLS keys; `progress` has the path and
    // the bytes that were read.
    using KeyProgress = std::function<void(const std::string& path, uint64_t bytes)>;
    static pcapng::Result<Merging> open(std::span<const HostFile> files,
                                        const KeyProgress& progress);

    // Writes the whole file; returns what it has. `progress` is called for each packet
    // with the file that it is from. A broken file is written as far as it can be read: see
    // problems().
    pcapng::Result<packet::PacketCount> write(
        pcapng::Output output, const std::function<void(const Source& from)>& progress);

    // Calls `look` with each file.
    void each_source(const std::function<void(const Source& source)>& look) const;

    // What is wrong with files that couldn't be read to their end.
    std::vector<pcapng::Error> problems() const;
    // The files of which long texts about processes weren't kept (Source::left_texts_out).
    std::vector<std::string> left_texts_out() const;
    const Rewriter::LeftOut& left_out() const { return left_out_; }
    const Rewriter::Keys& keys() const { return keys_; }

  private:
    // A file and its packet that is next.
    struct Input {
        std::unique_ptr<InputFile> file;
        std::string path;
        std::string host;
        pcapng::Result<const Packet*> packet = nullptr;
        uint64_t time_ns = 0;  // of the packet, or of the one before it that has a time

        bool has_packet() const { return packet && *packet != nullptr; }
        void next();
    };

    Input* earliest();

    std::vector<Input> inputs_;
    Rewriter::LeftOut left_out_;
    Rewriter::Keys keys_;
};

}  // namespace forensics
