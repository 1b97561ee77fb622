// SPDX-License-Identifier: GPL-2.0-only
//
// PartitionFolder: a folder that several runs, also of several machines at once, put files into.
// Each file is written under a hidden name and then takes its place at once. One thread.
#pragma once

#include <string>
#include <utility>

#include "cmd/made_file.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

class PartitionFolder {
  public:
    // A file of a run. It is removed unless keep() is called.
    class File {
      public:
        File(File&& from) noexcept
            : folder_(std::move(from.folder_)),
              fd_(std::move(from.fd_)),
              path_(std::move(from.path_)),
              name_(std::move(from.name_)),
              hidden_(std::exchange(from.hidden_, {})) {}
        File& operator=(File&&) = delete;
        ~File();

        int fd() const { return fd_.get(); }
        // The path that it will have, for messages.
        const std::string& path() const { return path_; }

        // Puts it on the disk and into its place, of which a file with this name is removed.
        pcapng::Result<void> keep();

      private:
        friend class PartitionFolder;
        File(pcapng::Fd folder, pcapng::Fd fd, std::string path, std::string name,
             std::string hidden)
            : folder_(std::move(folder)),
              fd_(std::move(fd)),
              path_(std::move(path)),
              name_(std::move(name)),
              hidden_(std::move(hidden)) {}

        pcapng::Fd folder_;
        pcapng::Fd fd_;
        std::string path_;
        std::string name_;
        std::string hidden_;  // its name meanwhile; empty: there is no such file
    };

    // Makes the folder if there is none. Another user's in a folder for everyone is refused
    // (made_file.h). `mode`: of the files; whoever may read them may enter folders that are made.
    static pcapng::Result<PartitionFolder> open(const std::string& path, FileMode mode);

    // Begins `below`/`name`, of which `below` is a relative path without "..": its folders are made
    // as they are needed, and none may be a symbolic link.
    pcapng::Result<File> create(const std::string& below, const std::string& name) const;

  private:
    PartitionFolder(pcapng::Fd fd, std::string path, FileMode mode)
        : fd_(std::move(fd)), path_(std::move(path)), mode_(mode) {}

    pcapng::Result<pcapng::Fd> open_below(const std::string& below) const;

    pcapng::Fd fd_;
    std::string path_;
    FileMode mode_;
};

}  // namespace cmd
