// SPDX-License-Identifier: GPL-2.0-only
//
// Where the commands that write files from files write to. One thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "cmd/made_file.h"
#include "forensics/rewrite/rewriter.h"
#include "pcapng/fd.h"
#include "pcapng/output.h"
#include "pcapng/result.h"

namespace cmd {

// So that a reader who has left and a file that is too large are errors of write(2).
void ignore_write_signals();

// "-": standard output. A regular file is emptied, but refused if it is one of `inputs`; a new one
// gets the mode.
pcapng::Result<pcapng::Output> open_result(const std::string& path,
                                           std::span<const std::string> inputs, FileMode mode);

// The same for a text of TLS keys: a terminal may be standard output. A file is made with mode 600,
// and a regular one that is there is refused if others may read it.
pcapng::Result<pcapng::Output> open_key_file(const std::string& path,
                                             std::span<const std::string> inputs);

// Says how many TLS keys are in a file that was written, if any, for whoever has it can read what
// they decrypt; and whether others may read it. `path`: the file, a folder of files, or "-".
void tell_keys(std::string_view command, const forensics::Rewriter::Keys& keys,
               const std::string& path);

// Says what a file that was written doesn't have of its input, and returns whether there is any.
bool say_left_out(std::string_view command, const forensics::Rewriter::LeftOut& left_out);

// Opens a folder of results, and makes it if there is none. Another user's in a folder for everyone
// is refused (made_file.h). What is no folder is an error with the code ENOTDIR.
pcapng::Result<pcapng::Fd> open_result_folder(const std::string& path, FileMode mode);

// The mode of a folder that is made for files of this mode: whoever may read them may enter.
mode_t folder_mode(FileMode mode);

// A folder of results, which only we write to.
class ResultFolder {
  public:
    // Makes it, or takes one that is empty: results of different runs don't mix. Another user's in
    // a folder for everyone is refused (made_file.h).
    static pcapng::Result<ResultFolder> open(const std::string& path, FileMode mode);

    // A file that isn't there yet; `name` has no slash.
    pcapng::Result<pcapng::Output> create(const std::string& name);
    // One of those again, at its end.
    pcapng::Result<pcapng::Output> reopen(const std::string& name) const;

  private:
    ResultFolder(pcapng::Fd fd, std::string path, FileMode mode)
        : fd_(std::move(fd)), path_(std::move(path)), mode_(mode) {}

    pcapng::Fd fd_;
    std::string path_;
    FileMode mode_;  // of its files
    // The device, the inode and the owner of each file that was made, by its name.
    std::map<std::string, std::tuple<dev_t, ino_t, uid_t>> made_;
};

}  // namespace cmd
