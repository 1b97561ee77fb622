// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/table_look.h"

#include <unistd.h>

#include <numeric>
#include <string_view>

#include "packet/line/color.h"
#include "packet/line/text_output.h"

namespace cmd {

void LookOptions::read(std::span<const forensics::Column> columns, OptionReader& reader,
                       Look& to) const {
    style.read(reader, to.style);
    reader.once(sort, [&](const std::string& text) {
        return store(forensics::parse_order("--sort", text, columns), to.order.emplace());
    });
}

pcapng::Result<void> print_rows(const PrintedRows& printed, const Look& look) {
    const forensics::RowSet& rows = printed.rows;
    std::vector<size_t> order(rows.count);
    std::iota(order.begin(), order.end(), size_t{0});
    if (look.order) {
        order = forensics::sorted(rows, *look.order);
    }
    packet::TextOutput out(STDOUT_FILENO, "standard output");
    switch (look.style.form) {
        case TableForm::kTable:
            print_table(printed.headings,
                        {order.size(), [&](size_t row) { return printed.cells(order[row]); }},
                        width_of(STDOUT_FILENO),
                        packet::use_color(packet::ColorMode::kAuto, STDOUT_FILENO),
                        [&](std::string_view line) {
                            out.text() += line;
                            return out.written();
                        });
            out.text() += printed.below();
            break;
        case TableForm::kCsv:
            forensics::print_csv(rows, order, look.style.cells, out);
            break;
        case TableForm::kJson:
            forensics::print_json(rows, order, out);
            break;
    }
    return out.finish();
}

}  // namespace cmd
