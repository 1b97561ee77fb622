// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/line_options.h"

#include <array>
#include <string_view>
#include <utility>

#include "cmd/values.h"

namespace cmd {

void read_line_options(const LineOptions& declared, OptionReader& reader, packet::LineStyle& style,
                       packet::ColorMode& color) {
    style.verbose = static_cast<int>(declared.verbose.count());
    style.quiet = declared.quiet.given();
    style.numeric = declared.numeric.given();
    style.link_header = declared.link_header.given();
    style.absolute_sequence = declared.absolute_sequence.given();
    style.checksums = !declared.no_checksums.given();
    style.number = declared.number.given();
    // tcpdump's order, if there are several.
    using packet::DumpForm;
    for (const auto& [option, form] : {std::pair{&declared.text, DumpForm::kText},
                                       {&declared.hex, DumpForm::kHex},
                                       {&declared.hex_and_text, DumpForm::kHexAndText}}) {
        if (option->given()) {
            style.dump = form;
            style.dumps_link_header = option->count() > 1;
        }
    }
    reader.take(parse_time_form(declared.time.count()), style.time);
    static constexpr std::array<std::pair<std::string_view, bool>, 2> kPrecisions{
        {{"micro", true}, {"nano", false}}};
    reader.word(declared.precision, kPrecisions, style.microseconds);
    const bool several = static_cast<int>(declared.precision.given()) +
                             static_cast<int>(declared.micro.given()) +
                             static_cast<int>(declared.nano.given()) >
                         1;
    reader.refuse_if(several, "--time-stamp-precision, --micro and --nano exclude each other");
    style.microseconds = style.microseconds || declared.micro.given();
    reader.word(declared.color, packet::kColorModes, color);
}

}  // namespace cmd
