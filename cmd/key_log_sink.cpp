// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/key_log_sink.h"

#include "pcapng/write_all.h"

namespace cmd {

pcapng::Result<void> KeyLogSink::keys(std::span<const packet::KeyLogLine> lines) {
    std::string text;
    packet::append_key_log(text, lines);
    auto written = pcapng::write_all(file_.get(), text, name_.c_str(), -1);
    packet::wipe(text);
    auto handed = next_.keys(lines);
    return written ? handed : written;
}

}  // namespace cmd
