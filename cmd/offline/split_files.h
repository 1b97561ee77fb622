// SPDX-License-Identifier: GPL-2.0-only
//
// SplitFiles: packets into a folder with one file for each process, container or user. A packet
// whose two ends belong to different files goes into both. At most kMaxOpen files are open at a
// time; the others are closed and opened again. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "cmd/offline/result_file.h"
#include "forensics/rewrite/rewriter.h"
#include "forensics/source/input_file.h"
#include "packet/keyed_hash.h"
#include "pcapng/result.h"

namespace cmd {

enum class SplitBy { kProcess, kContainer, kUser };

class SplitFiles {
  public:
    static constexpr size_t kMaxOpen = 64;

    // `input` outlives this.
    SplitFiles(ResultFolder folder, SplitBy by, forensics::InputFile& input)
        : folder_(std::move(folder)), by_(by), input_(input) {}

    pcapng::Result<void> packet(const forensics::Packet& packet);
    pcapng::Result<void> finish();
    size_t files() const { return files_.size(); }

  private:
    struct File {
        std::string name;
        std::unique_ptr<forensics::Rewriter> rewriter;
        bool is_open = false;
        std::list<File*>::iterator place = {};  // in open_
    };

    std::string key_of(const forensics::End& end) const;
    std::string name_of(const forensics::End& end) const;
    std::string unused_name(const forensics::End& end);
    pcapng::Result<File*> open(const std::string& key, const forensics::End& end);
    pcapng::Result<void> make_room();
    pcapng::Result<void> write(const forensics::End& end, const forensics::Packet& packet);

    ResultFolder folder_;
    SplitBy by_;
    forensics::InputFile& input_;
    std::unordered_map<std::string, File, packet::KeyedHash>
        files_;  // by what is the same for all its packets
    std::unordered_map<std::string, uint64_t, packet::KeyedHash>
        names_;              // and the next number behind each
    std::list<File*> open_;  // the least recently written first
};

}  // namespace cmd
