// SPDX-License-Identifier: GPL-2.0-only
//
// The command line that `pidcap events`, `flows`, `processes` and `report` share: FILE..., the
// options that select packets, --help, and, for those that print tables, --csv and --json; and what
// they say at the end.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/offline/selection.h"
#include "cmd/option_reader.h"
#include "forensics/analysis/row_text.h"
#include "forensics/select/selection.h"

namespace cmd {

struct SelectedFiles {
    std::vector<std::string> paths;
    forensics::Selection selection;
};

// A member of a command's line, before it is parsed.
struct FilesOptions {
    CommandLine& line;
    SelectionOptions selection{line};
    const Option& help = line.flag("-h,--help");
    const Option& files = line.positionals("FILE");

    explicit FilesOptions(CommandLine& of) : line(of) {}

    // Parses the line. Returns why the command stops here, if it does: a usage error, or --help.
    std::optional<Stop> parse(std::span<const std::string> arguments) const;
    // At least one file, and the selection. `instead`: of a command that also takes another source,
    // how that is named.
    void read(OptionReader& reader, SelectedFiles& to, std::string_view instead = {}) const;
};

enum class TableForm { kTable, kCsv, kJson };

struct TableStyle {
    TableForm form = TableForm::kTable;
    forensics::CsvCells cells = forensics::CsvCells::kAsTheyAre;
};

// Likewise.
struct TableStyleOptions {
    CommandLine& line;
    const Option& csv = line.flag("--csv");
    const Option& csv_safe = line.flag("--csv-safe");
    const Option& json = line.flag("--json");

    explicit TableStyleOptions(CommandLine& of) : line(of) {}

    void read(OptionReader& reader, TableStyle& to) const;
};

// Prints the errors among the results, and returns the exit status.
int exit_status(std::string_view command,
                std::initializer_list<const pcapng::Result<void>*> results);

}  // namespace cmd
