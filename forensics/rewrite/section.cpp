// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/section.h"

#include <fmt/format.h>

#include <algorithm>

#include "packet/comment.h"
#include "packet/version.h"

namespace forensics {
namespace {

std::string application() {
    return fmt::format("pidcap {}", packet::kVersion);
}

}  // namespace

pcapng::SectionInfo section_of(const InputFile& input) {
    pcapng::SectionInfo section = input.section();
    const std::string grammar(packet::kCommentGrammar);
    std::vector<std::string>& comments = section.comments;
    if (std::find(comments.begin(), comments.end(), grammar) == comments.end()) {
        comments.insert(comments.begin(), grammar);
    }
    if (section.application.empty()) {
        section.application = application();
    }
    return section;
}

pcapng::SectionInfo section_of(std::span<const Host> hosts) {
    pcapng::SectionInfo section;
    section.application = application();
    section.comments.emplace_back(packet::kCommentGrammar);
    for (const Host& host : hosts) {
        const pcapng::SectionInfo& from = host.input.section();
        std::string comment = "host=" + host.name;
        for (const std::string& text : {from.os, from.hardware, from.application}) {
            comment += text.empty() ? "" : ", " + text;
        }
        for (const std::string& text : from.comments) {
            comment += text == packet::kCommentGrammar ? "" : ", " + text;
        }
        section.comments.push_back(std::move(comment));
    }
    return section;
}

}  // namespace forensics
