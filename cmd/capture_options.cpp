// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/capture_options.h"

#include <fmt/format.h>

#include <utility>

#include "capture/kernel/tracing.h"
#include "cmd/key_recording.h"
#include "cmd/process_options.h"

namespace cmd {
capture::SessionOptions session_options(const Options& options, std::optional<uint32_t> command_pid,
                                        std::optional<packet::PacketFilter> filter) {
    capture::SessionOptions session;
    session.interfaces.names = options.interfaces;
    session.interfaces.netns = options.netns;
    session.interfaces.promiscuous = options.promiscuous;
    session.interfaces.asks_for_tag = filter && filter->tagged_program().has_value();
    session.programs.hook = options.hook;
    session.programs.finds_processes = options.finds_processes;
    session.names_addresses = options.container_addresses;
    session.programs.tracing = options.tracing;
    session.programs.btf_file = options.btf;
    session.programs.snaplen = options.snaplen;
    session.programs.in = options.in;
    session.programs.out = options.out;
    session.programs.buffer_bytes = options.buffer_kib.value_or(0) * 1024;
    session.programs.filter = std::move(filter);
    session.events = options.events;
    session.count = options.count;
    session.filter = conditions_of(options.process_filter, command_pid);
    session.selections = options.process_filter.selections;
    session.tls_plaintext = options.keys.plaintext;
    return session;
}

capture::FileOptions file_options(const Options& options, const std::string& filter) {
    capture::FileOptions file;
    file.comments = options.comments;
    file.process_blocks = options.process_blocks;
    file.filter = filter;
    file.compress = options.compress;
    file.host = options.host;
    if (options.keys.wanted) {
        file.section_comments.emplace_back(kKeysNote);
    }
    if (options.keys.plaintext) {
        file.section_comments.emplace_back(kPlaintextNote);
    }
    return file;
}

std::string origin_of(const capture::SessionReport& report) {
    return fmt::format("tier={} tracing={}", tier_of(report.tracing), name_of(report.tracing));
}

}  // namespace cmd
