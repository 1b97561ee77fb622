// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/group_spool.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "forensics/analysis/temporary_file.h"
#include "pcapng/write_all.h"

namespace forensics {
namespace {

using pcapng::Result;

constexpr size_t kPart = size_t{1} << 16;

}  // namespace

Result<void> GroupSpool::add(size_t group, std::string_view bytes) {
    if (group >= groups_.size()) {
        groups_.resize(group + 1);
    }
    groups_[group].pending += bytes;
    pending_ += bytes.size();
    return pending_ < limit_ ? Result<void>{} : store();
}

Result<void> GroupSpool::store() {
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

Result<std::string_view> GroupSpool::Reader::next() {
    if (group_ >= spool_.groups_.size()) {
        return std::string_view();
    }
    const Group& group = spool_.groups_[group_];
    if (extent_ < group.stored.size()) {
        const Extent& extent = group.stored[extent_];
        part_.resize(static_cast<size_t>(std::min<uint64_t>(kPart, extent.size - done_)));
        const ssize_t got = ::pread(spool_.file_.get(), part_.data(), part_.size(),
                                    static_cast<off_t>(extent.offset + done_));
        if (got <= 0) {
            return pcapng::errno_error("read the temporary file", got == 0 ? EIO : errno);
        }
        part_.resize(static_cast<size_t>(got));
        done_ += part_.size();
        if (done_ == extent.size) {
            ++extent_;
            done_ = 0;
        }
        return std::string_view(part_);
    }
    if (extent_ == group.stored.size()) {
        ++extent_;
        return std::string_view(group.pending);
    }
    return std::string_view();
}

}  // namespace forensics
