// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/section.h"

#include <fmt/format.h>

#include <algorithm>

#include "packet/comment.h"
#include "packet/host_comment.h"
#include "packet/version.h"
#include "pcapng/encode.h"
#include "pcapng/format.h"

namespace forensics {
namespace {

std::string application() {
    return fmt::format("pidcap {}", packet::kVersion);
}

}  // namespace

std::vector<uint8_t> section_options_of(const InputFile& input) {
    const pcapng::SectionInfo& section = input.section();
    const std::string grammar(packet::kCommentGrammar);
    pcapng::ByteBuffer options;
    if (std::find(section.comments.begin(), section.comments.end(), grammar) ==
        section.comments.end()) {
        options.option(pcapng::kOptComment, grammar);
    }
    if (section.application.empty()) {
        options.option(pcapng::kShbApplication, application());
    }
    options.bytes(input.section_options());
    options.end_of_options();
    return {options.view().begin(), options.view().end()};
}

pcapng::SectionInfo section_of(std::span<const Host> hosts) {
    pcapng::SectionInfo section;
    section.application = application();
    section.comments.emplace_back(packet::kCommentGrammar);
    for (const Host& host : hosts) {
        const pcapng::SectionInfo& from = host.input.section();
        std::string comment = packet::host_comment(host.name);
        for (const std::string& text : {from.os, from.hardware, from.application}) {
            comment += text.empty() ? "" : ", " + text;
        }
        for (const std::string& text : from.comments) {
            // Its own host's name has become the one in front.
            const bool is_known = text == packet::kCommentGrammar ||
                                  text == packet::host_comment(host.input.header_host());
            comment += is_known ? "" : ", " + text;
        }
        section.comments.push_back(std::move(comment));
    }
    return section;
}

}  // namespace forensics
