// SPDX-License-Identifier: GPL-2.0-only
#include "packet/host_comment.h"

#include <optional>

#include "packet/comment.h"
#include "packet/process_comment.h"
#include "pcapng/format.h"

namespace packet {
namespace {

// Of a comment of a file that mergecap or Wireshark merged (create_shb_header() in Wireshark's
// wiretap/merge.c): the other comments are those of the first of its files.
constexpr std::string_view kMerged = "File created by merging";

// The pair is read as the packet comment's are, behind one that such a comment begins with.
std::string host_in(std::string_view comment) {
    const std::optional<Comment> parsed = parse_comment("via=none " + std::string(comment));
    if (!parsed || parsed->pairs.size() != 2 || parsed->pairs[1].second.size() > kMaxHost) {
        return {};
    }
    return parsed->pairs[1].second;
}

}  // namespace

std::string host_comment(std::string_view host) {
    std::string comment;
    append_pair(comment, {}, kHostKey, host);
    return comment;
}

std::string host_of_section(const pcapng::Options& section) {
    const std::string start = host_comment({});
    std::optional<std::string_view> found;
    for (const pcapng::Option& option : section) {
        if (option.code != pcapng::kOptComment) {
            continue;
        }
        const bool is_host = option.text().starts_with(start);
        if ((is_host && found) || option.text().find(kMerged) != std::string_view::npos) {
            return {};
        }
        found = is_host ? std::optional(option.text()) : found;
    }
    return found ? host_in(*found) : std::string();
}

}  // namespace packet
