// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/section.h"

#include <algorithm>

#include "pcapng/comment.h"

namespace cmd {
namespace {

constexpr const char* kApplication = "pidcap " PIDCAP_VERSION;

}  // namespace

pcapng::SectionInfo section_of(const forensics::InputFile& input) {
    pcapng::SectionInfo section = input.section();
    const std::string grammar(pcapng::kCommentGrammar);
    std::vector<std::string>& comments = section.comments;
    if (std::find(comments.begin(), comments.end(), grammar) == comments.end()) {
        comments.insert(comments.begin(), grammar);
    }
    if (section.application.empty()) {
        section.application = kApplication;
    }
    return section;
}

pcapng::SectionInfo section_of(std::span<const Host> hosts) {
    pcapng::SectionInfo section;
    section.application = kApplication;
    for (const Host& host : hosts) {
        const pcapng::SectionInfo& from = host.input.section();
        std::string comment = "host=" + host.name;
        for (const std::string& text : {from.os, from.hardware, from.application}) {
            comment += text.empty() ? "" : ", " + text;
        }
        for (const std::string& text : from.comments) {
            comment += text == pcapng::kCommentGrammar ? "" : ", " + text;
        }
        section.comments.push_back(std::move(comment));
    }
    return section;
}

}  // namespace cmd
