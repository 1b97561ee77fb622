// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/files_command.h"

#include <fmt/format.h>

#include "cmd/help.h"
#include "cmd/message.h"

namespace cmd {

std::optional<Stop> FilesOptions::parse(std::span<const std::string> arguments) const {
    if (auto stop = line.parse(arguments)) {
        return stop;
    }
    if (help.given()) {
        return help_of(line.name());
    }
    return std::nullopt;
}

void FilesOptions::read(OptionReader& reader, SelectedFiles& to, std::string_view instead) const {
    to.paths = files.values;
    reader.take(selection_of(selection, to.paths), to.selection);
    reader.refuse_if(to.paths.empty(), fmt::format("no input file given{}", instead));
}

void TableStyleOptions::read(OptionReader& reader, TableStyle& to) const {
    const bool is_csv = csv.given() || csv_safe.given();
    reader.refuse_if(is_csv && json.given(), "--csv and --json exclude each other");
    to.form = is_csv ? TableForm::kCsv : json.given() ? TableForm::kJson : TableForm::kTable;
    to.cells = csv_safe.given() ? forensics::CsvCells::kNoFormula : forensics::CsvCells::kAsTheyAre;
}

int exit_status(std::string_view command,
                std::initializer_list<const pcapng::Result<void>*> results) {
    int status = kExitDone;
    for (const pcapng::Result<void>* result : results) {
        if (!*result) {
            print_message("pidcap {}: {}\n", command, result->error().message);
            status = kExitFailed;
        }
    }
    return status;
}

}  // namespace cmd
