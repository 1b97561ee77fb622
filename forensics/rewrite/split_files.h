// SPDX-License-Identifier: GPL-2.0-only
//
// SplitFiles: writes packets to one file for each process, container or user. A packet whose two
// ends belong to different files goes into both. At most kMaxOpen files are open at a time; the
// others are closed and opened again. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "forensics/rewrite/rewriter.h"
#include "forensics/source/input_file.h"
#include "packet/keyed_hash.h"
#include "pcapng/output.h"
#include "pcapng/result.h"

namespace forensics {

enum class SplitBy { kProcess, kContainer, kUser };

class SplitFiles {
  public:
    static constexpr size_t kMaxOpen = 64;

    // Opens a file for writing: a new one, or one that was opened before, at its end. `name` has no
    // slash.
    enum class Open { kNew, kAgain };
    using OpenFile =
        std::function<pcapng::Result<pcapng::Output>(const std::string& name, Open how)>;

    // `input` outlives this.
    SplitFiles(OpenFile open_file, SplitBy by, InputFile& input)
        : open_file_(std::move(open_file)), by_(by), input_(input) {}

    pcapng::Result<void> packet(const Packet& packet);
    pcapng::Result<void> finish();
    size_t files() const { return files_.size(); }

  private:
    struct File {
        std::string name;
        std::unique_ptr<Rewriter> rewriter;
        bool is_open = false;
        std::list<File*>::iterator place = {};  // in open_
    };

    std::string key_of(const End& end) const;
    std::string name_of(const End& end) const;
    std::string unused_name(const End& end);
    pcapng::Result<File*> open(const std::string& key, const End& end);
    pcapng::Result<void> make_room();
    pcapng::Result<void> write(const End& end, const Packet& packet);

    OpenFile open_file_;
    SplitBy by_;
    InputFile& input_;
    std::unordered_map<std::string, File, packet::KeyedHash>
        files_;  // by what is the same for all its packets
    std::unordered_map<std::string, uint64_t, packet::KeyedHash>
        names_;              // and the next number behind each
    std::list<File*> open_;  // the least recently written first
};

}  // namespace forensics
