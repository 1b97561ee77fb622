// SPDX-License-Identifier: GPL-2.0-only
//
// The options that say what the line of a packet looks like, as a part of a command line: the same
// for a capture and for `pidcap read`. Their letters are tcpdump's.
#pragma once

#include "cmd/command_line.h"
#include "cmd/option_reader.h"
#include "packet/line/color.h"
#include "packet/line/packet_line.h"

namespace cmd {

struct LineOptions {
    CommandLine& line;
    const Option& verbose = line.flag("-v", "--verbose");
    const Option& quiet = line.flag("-q", "--quiet");
    const Option& numeric = line.flag("-n");
    const Option& link_header = line.flag("-e");
    const Option& absolute_sequence = line.flag("-S", "--absolute-tcp-sequence-numbers");
    const Option& no_checksums = line.flag("-K", "--dont-verify-checksums");
    const Option& hex = line.flag("-x");
    const Option& hex_and_text = line.flag("-X");
    const Option& text = line.flag("-A");
    const Option& number = line.flag("-#", "--number");
    const Option& time = line.flag("-t");
    const Option& precision = line.value("--time-stamp-precision");
    const Option& micro = line.flag("--micro");
    const Option& nano = line.flag("--nano");
    const Option& color = line.value("--color");

    explicit LineOptions(CommandLine& of) : line(of) {}
};

// Sets all of the style but its colour, which depends on where the lines go.
void read_line_options(const LineOptions& declared, OptionReader& reader, packet::LineStyle& style,
                       packet::ColorMode& color);

}  // namespace cmd
