// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/rewrite/journal_copy.h"

#include <algorithm>
#include <cstddef>

#include "pcapng/read_blocks.h"
#include "pcapng/text.h"

namespace forensics {
namespace {

constexpr std::string_view kHostField = "_HOSTNAME";
constexpr std::string_view kTimeField = "__REALTIME_TIMESTAMP=";

// A value that isn't one line of text is preceded by its length ("Journal Export Format" of
// systemd's documentation).
void append_field(pcapng::ByteBuffer& out, std::string_view name, std::string_view value) {
    out.text(name);
    if (pcapng::shown_text(value) == value) {
        out.u8('=');
    } else {
        out.u8('\n');
        out.u64(value.size());
    }
    out.text(value);
    out.u8('\n');
}

}  // namespace

void copy_journal_entry(pcapng::ByteBuffer& out, std::span<const uint8_t> entry,
                        std::string_view host) {
    const std::string_view text(reinterpret_cast<const char*>(entry.data()), entry.size());
    const auto fields = pcapng::journal_fields(text);
    const bool has_host =
        std::any_of(fields.begin(), fields.end(),
                    [](const pcapng::JournalField& field) { return field.name == kHostField; });
    if (has_host) {
        out.text(text);
        return;
    }
    // The time stays in front, where Writer puts it. Insert after it, because the bytes after the
    // last field may be padding.
    const size_t front = text.starts_with(kTimeField) ? text.find('\n') + 1 : 0;
    out.text(text.substr(0, front));
    append_field(out, kHostField, host);
    out.text(text.substr(front));
}

}  // namespace forensics
