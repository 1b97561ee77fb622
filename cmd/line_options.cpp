// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/line_options.h"

#include <array>
#include <string_view>
#include <utility>

#include "cmd/values.h"

namespace cmd {

std::string_view line_options_help() {
    return R"(  -v, --verbose       also the IP header, checksums, at which end the process is, each process's
                      executable, user, thread, and how it was found; peer. is the other end.
                      -vv, -vvv: more of DNS messages
  -q, --quiet         shorter lines
  -n                  numbers instead of user names; addresses and ports are always numbers
  -e                  the link-layer header
  -S, --absolute-tcp-sequence-numbers
                      TCP's numbers as they are in the packet, not from the conversation's first on
  -K, --dont-verify-checksums
                      with -v: don't verify checksums
  -x, -X              also the packet's bytes, in hex, or in hex and ASCII; given twice: with the
                      link-layer header
  -A                  ... as text
  -#, --number        the packet's number first
  -t                  no time; given twice: seconds since 1970; three times: time since the line
                      before; four: date and time; five: time since the first line. Without it the
                      time of day, with its date unless that is the first line's
  --time-stamp-precision micro|nano
                      six or nine (the default) digits of the second
  --micro             the same as --time-stamp-precision micro
  --nano              the same as --time-stamp-precision nano
  --color auto|always|never
                      colour the processes; auto (the default) on terminals, unless NO_COLOR is set
)";
}

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
