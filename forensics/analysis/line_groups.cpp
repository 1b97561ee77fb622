// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/line_groups.h"

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

Result<bool> LineGroups::print(size_t group, std::string_view indent,
                               packet::TextOutput& out) const {
    Indenter lines(indent, out);
    GroupSpool::Reader parts = lines_.read(group);
    while (true) {
        const Result<std::string_view> part = parts.next();
        if (!part) {
            return part.error();
        }
        if (part->empty()) {
            return true;
        }
        if (!lines.add(*part)) {
            return false;
        }
    }
}

}  // namespace forensics
