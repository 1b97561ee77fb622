// SPDX-License-Identifier: GPL-2.0-only
//
// Rotation: when a capture goes on in another file, and which name that has, as tcpdump's -C, -G
// and -W have it. Times are nanoseconds since the epoch and come from the caller; the time zone is
// that of localtime(3). One thread.
//
// Unlike tcpdump's, cuts by time lie on multiples of the interval in local time (-G 1h: on the
// hour), whether or not there are packets, and so have no drift.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <string_view>
#include "cmd/made_file.h"

namespace cmd {

struct RotationOptions {
    std::optional<uint64_t> size;                  // -C, bytes
    std::optional<std::chrono::seconds> interval;  // -G
    std::optional<uint32_t> count;                 // -W
    bool from_start = false;             // cuts are multiples of the interval after the start
    std::optional<std::string> command;  // -z
    std::optional<uint64_t> keep_free;   // bytes
    FileMode mode;
    bool by_trigger = false;  // no rotation: the files are those of triggers

    bool rotates() const { return size || interval; }
    bool several_files() const { return rotates() || by_trigger; }
};

// The name of -w, as a file's folder and the pattern of its name there.
struct FilePattern {
    std::string folder;  // "." if there is none; "a/" of "a/b"
    std::string name;

    // The path of a file in the folder.
    std::string path_of(const std::string& file) const {
        return folder == "." ? file : folder + file;
    }
};
FilePattern split_pattern(const std::string& output);

// The name with its strftime(3) parts filled in for that time. Empty: it can't be.
std::string name_at(const std::string& pattern, uint64_t time_ns);
// Recognises what name_at() makes of the pattern, at whatever time.
bool is_time_name(const std::string& pattern, const std::string& name);
// Returns the name without ".part" or the suffix of a compressor, unless the pattern ends with it.
std::string_view without_suffix(std::string_view pattern, std::string_view name);

class Rotation {
  public:
    // The first file begins at `now`. `pattern`: FilePattern::name.
    Rotation(const RotationOptions& options, std::string pattern, uint64_t now);

    // Of the file at hand.
    std::string name() const;

    // Whether the file at hand ends before something of this time, or because of its size.
    bool due(uint64_t time_ns) const { return cut_ && time_ns >= *cut_; }
    std::optional<uint64_t> cut() const { return cut_; }
    bool full(uint64_t bytes) const { return options_.size && bytes > *options_.size; }

    // Takes over the numbers of -C and -G, which must be there if and only if they were: the file
    // at hand ends by the new ones.
    void change(const RotationOptions& options);

    // Goes on to the next file: after due(time_ns), after full().
    void cut_by_time(uint64_t time_ns);
    void cut_by_size();

    // The time at which the last file of -G -W ends, once that file is the one at hand.
    std::optional<uint64_t> end() const { return is_last() ? cut_ : std::nullopt; }

    // Whether files of later intervals replace earlier ones, because the name has too little of the
    // time in it.
    bool repeats() const;

  private:
    bool is_last() const {
        return options_.interval && options_.count && !options_.size &&
               intervals_ >= *options_.count;
    }
    uint64_t next_cut(uint64_t time_ns) const;
    std::string number() const;

    RotationOptions options_;
    std::string pattern_;
    uint64_t start_;  // of the capture
    uint64_t begun_;  // what the name tells of the file at hand
    std::optional<uint64_t> cut_;
    uint64_t intervals_ = 1;  // with the one at hand
    uint64_t number_ = 0;     // since the last cut by time
};

// Recognises the names that a Rotation with these options has given, at whatever time: for
// --keep-free, which may remove nothing else. Also with ".part" or the suffix of a compressor.
bool is_name_of(const std::string& pattern, const RotationOptions& options, std::string_view name);

}  // namespace cmd
