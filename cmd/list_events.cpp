// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/list_events.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/events/own_events.h"
#include "capture/events/tracepoints.h"
#include "cmd/message.h"
#include "cmd/stop.h"
#include "packet/filter/glob.h"
#include "packet/line/terminal_text.h"
#include "packet/line/text_output.h"

namespace cmd {
namespace {

using packet::EventField;
using packet::EventLayout;
using pcapng::Result;

constexpr std::string_view kCommand = "events";

bool is_wanted(const std::string& name, std::span<const std::string> patterns) {
    return patterns.empty() ||
           std::any_of(patterns.begin(), patterns.end(), [&name](const std::string& pattern) {
               return packet::glob_matches(pattern, name);
           });
}

std::string values_text(const EventField& field) {
    std::string text;
    for (const auto& [number, name] : field.values) {
        text += fmt::format(" {}={}",
                            field.kind == packet::FieldKind::kSigned
                                ? fmt::format("{}", static_cast<int64_t>(number))
                                : fmt::format("{}", number),
                            packet::printable(name));
    }
    return text;
}

class Printer {
  public:
    Printer(bool with_fields, bool json) : with_fields_(with_fields), json_(json) {}

    // Returns false if nobody reads it any more.
    bool event(const std::string& name, const EventLayout& layout) {
        count_++;
        out_.text() += json_ ? object(name, layout) : text(name, layout);
        return out_.written();
    }
    Result<void> finish() { return out_.finish(); }
    size_t count() const { return count_; }

  private:
    std::string text(const std::string& name, const EventLayout& layout) const {
        std::string text = packet::printable(name) + "\n";
        size_t width = 0;
        for (const EventField& field : layout.fields) {
            width = std::max(width, field.name.size());
        }
        for (const EventField& field : layout.fields) {
            if (with_fields_) {
                text += fmt::format("    {:<{}}  {} {}{}\n", field.name, width,
                                    packet::kind_name(field.kind), field.size, values_text(field));
            }
        }
        return text;
    }
    static std::string object(const std::string& name, const EventLayout& layout) {
        nlohmann::ordered_json fields = nlohmann::ordered_json::array();
        for (const EventField& field : layout.fields) {
            nlohmann::ordered_json one = {{"name", field.name},
                                          {"kind", packet::kind_name(field.kind)},
                                          {"offset", field.offset},
                                          {"size", field.size}};
            for (const auto& [number, value] : field.values) {
                one["values"].push_back(
                    {{"number", field.kind == packet::FieldKind::kSigned
                                    ? nlohmann::ordered_json(static_cast<int64_t>(number))
                                    : nlohmann::ordered_json(number)},
                     {"name", value}});
            }
            fields.push_back(std::move(one));
        }
        const nlohmann::ordered_json event = {{"event", name}, {"fields", std::move(fields)}};
        return event.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    }

    bool with_fields_;
    bool json_;
    size_t count_ = 0;
    packet::TextOutput out_{STDOUT_FILENO, "standard output"};
};

Result<void> print_tracepoints(const capture::TracepointCatalogue& catalogue,
                               std::span<const std::string> patterns, bool needs_fields,
                               Printer& printer) {
    const auto names = catalogue.matching("*");
    if (!names) {
        return names.error();
    }
    for (const capture::TracepointName& name : *names) {
        if (!is_wanted(name.text(), patterns)) {
            continue;
        }
        EventLayout layout;
        if (needs_fields) {
            auto format = catalogue.format(name);
            if (!format) {
                return std::move(format).error();
            }
            layout = std::move(format->layout);
        }
        if (!printer.event(name.text(), layout)) {
            return {};
        }
    }
    return {};
}

}  // namespace

int list_events(std::span<const std::string> patterns, bool json) {
    const bool needs_fields = json || !patterns.empty();
    Printer printer(needs_fields, json);
    for (const auto& [name, layout] : capture::own_events(capture::KernelTypes())) {
        if (is_wanted(name, patterns) && !printer.event(name, layout)) {
            break;
        }
    }
    const auto catalogue = capture::TracepointCatalogue::open({});
    Result<void> listed = catalogue.ok()
                              ? print_tracepoints(*catalogue, patterns, needs_fields, printer)
                              : Result<void>(catalogue.error());
    const Result<void> written = printer.finish();
    for (const Result<void>* result : {&std::as_const(listed), &written}) {
        if (!*result) {
            print_message("pidcap {}: {}\n", kCommand, result->error().message);
        }
    }
    if (!listed || !written) {
        return kExitFailed;
    }
    if (printer.count() == 0) {
        print_message("pidcap {}: this machine has no such event; `pidcap events` lists all\n",
                      kCommand);
        return kExitFailed;
    }
    return kExitDone;
}

}  // namespace cmd
