// SPDX-License-Identifier: GPL-2.0-only
//
// SplitFiles: writes packets to one file for each process, container or user. A packet whose two
// ends belong to different files goes into both. What the file tells of a process later counts from
// its first packet on. At most kMaxOpen files are open at a time; the others are closed and opened
// again. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "forensics/rewrite/rewriter.h"
#include "forensics/source/final_processes.h"
#include "forensics/source/input_file.h"
#include "packet/keyed_hash.h"
#include "pcapng/output.h"
#include "pcapng/result.h"

namespace forensics {

enum class SplitBy { kProcess, kContainer, kUser };

class SplitFiles {
  public:
    static constexpr size_t kMaxOpen = 32;

    // Opens a file for writing: a new one, or one that was opened before, at its end. `name` has no
    // slash.
    enum class Open { kNew, kAgain };
    using OpenFile =
        std::function<pcapng::Result<pcapng::Output>(const std::string& name, Open how)>;

    // `input` outlives this, and `processes` are of its file. Packets that would need more than
    // `max_files` files go into one more, together.
    SplitFiles(OpenFile open_file, SplitBy by, size_t max_files, InputFile& input,
               FinalProcesses processes)
        : open_file_(std::move(open_file)),
          by_(by),
          max_files_(max_files),
          input_(input),
          processes_(std::move(processes)) {}

    pcapng::Result<void> packet(const Packet& packet);
    pcapng::Result<void> finish();
    size_t files() const { return files_.size(); }
    // The name of the file for what needs more than `max_files`; empty: there is none.
    std::string others() const;
    Rewriter::LeftOut left_out() const;
    Rewriter::Keys keys() const;  // of all files

  private:
    struct File {
        std::string name;
        std::unique_ptr<Rewriter> rewriter;
        bool is_open = false;
        std::list<File*>::iterator place = {};  // in open_
    };

    std::string key_of(const End& end) const;
    std::string file_key(const End& end) const;
    std::optional<uint32_t> user_id(const End& end) const;
    const std::string& container_of(const Process& process) const;
    std::string name_of(const End& end) const;
    std::string unused_name(const End& end);
    pcapng::Result<File*> open(const std::string& key, const End& end);
    pcapng::Result<void> make_room();
    pcapng::Result<void> write(const std::string& key, const End& end, const Packet& packet);

    OpenFile open_file_;
    SplitBy by_;
    size_t max_files_;
    InputFile& input_;
    FinalProcesses processes_;
    std::unordered_map<std::string, File, packet::KeyedHash, std::equal_to<>>
        files_;  // by what is the same for all its packets
    std::unordered_map<std::string, uint64_t, packet::KeyedHash>
        names_;              // and the next number behind each
    std::list<File*> open_;  // the least recently written first
};

}  // namespace forensics
