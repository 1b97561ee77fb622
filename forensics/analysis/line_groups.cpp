// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/line_groups.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "forensics/analysis/temporary_file.h"
#include "pcapng/write_all.h"

namespace forensics {
namespace {

using pcapng::Result;

// Indents lines that arrive in parts; a part may end within a line.
class Indenter {
  public:
    Indenter(std::string_view indent, packet::TextOutput& out) : indent_(indent), out_(out) {}

    bool add(std::string_view part) {
        while (!part.empty()) {
            if (at_start_) {
                out_.text() += indent_;
            }
            const size_t end = part.find('\n');
            at_start_ = end != std::string_view::npos;
            const size_t size = at_start_ ? end + 1 : part.size();
            out_.text() += part.substr(0, size);
            part.remove_prefix(size);
        }
        return out_.written();
    }

  private:
    std::string_view indent_;
    packet::TextOutput& out_;
    bool at_start_ = true;
};

}  // namespace

Result<void> LineGroups::add(size_t group, std::string_view line) {
    if (group >= groups_.size()) {
        groups_.resize(group + 1);
    }
    groups_[group].pending += line;
    pending_ += line.size();
    return pending_ < limit_ ? Result<void>{} : store();
}

Result<void> LineGroups::store() {
    if (!file_.valid()) {
        auto file = open_temporary_file();
        if (!file) {
            return std::move(file).error();
        }
        file_ = std::move(*file);
    }
    for (Group& group : groups_) {
        if (group.pending.empty()) {
            continue;
        }
        if (auto written =
                pcapng::write_all(file_.get(), group.pending, "temporary file (TMPDIR)", -1);
            !written) {
            return written;
        }
        group.stored.push_back({file_size_, group.pending.size()});
        file_size_ += group.pending.size();
        group.pending = std::string();
    }
    pending_ = 0;
    return {};
}

Result<bool> LineGroups::print(size_t group, std::string_view indent,
                               packet::TextOutput& out) const {
    if (group >= groups_.size()) {
        return true;
    }
    Indenter lines(indent, out);
    std::vector<char> part(size_t{1} << 16);
    for (const Extent& extent : groups_[group].stored) {
        for (uint64_t done = 0; done < extent.size;) {
            const size_t wanted =
                static_cast<size_t>(std::min<uint64_t>(part.size(), extent.size - done));
            const ssize_t got =
                ::pread(file_.get(), part.data(), wanted, static_cast<off_t>(extent.offset + done));
            if (got <= 0) {
                return pcapng::errno_error("read the temporary file", got == 0 ? EIO : errno);
            }
            if (!lines.add({part.data(), static_cast<size_t>(got)})) {
                return false;
            }
            done += static_cast<uint64_t>(got);
        }
    }
    return lines.add(groups_[group].pending);
}

}  // namespace forensics
