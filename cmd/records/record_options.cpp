// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/records/record_options.h"

#include <array>
#include <chrono>
#include <limits>
#include <utility>

namespace cmd {
namespace {

constexpr uint64_t kMostFlows = 4'000'000;

void read_time(const Option& option, OptionReader& reader, uint64_t& ns) {
    reader.once(option, [&](const std::string& text) -> std::optional<Error> {
        const auto duration = parse_duration(option.name, text);
        if (!duration) {
            return duration.error();
        }
        ns = static_cast<uint64_t>(duration->count());
        return std::nullopt;
    });
}

void read_text(const Option& option, OptionReader& reader, std::optional<std::string>& to) {
    reader.once(option, [&](const std::string& text) -> std::optional<Error> {
        to = text;
        return std::nullopt;
    });
}

}  // namespace

bool DeclaredRecordOptions::given() const {
    for (const Option* option :
         {&records, &idle, &active, &most, &names, &to, &ipfix, &enterprise}) {
        if (option->given()) {
            return true;
        }
    }
    return false;
}

RecordOptions read_record_options(const DeclaredRecordOptions& declared, OptionReader& reader) {
    RecordOptions options;
    options.wanted = declared.given();
    read_time(declared.idle, reader, options.meter.idle_ns);
    read_time(declared.active, reader, options.meter.active_ns);
    reader.number(declared.most, 1, kMostFlows, options.meter.most_flows);
    static constexpr std::array<std::pair<std::string_view, bool>, 2> kNames{
        {{"pidcap", false}, {"ecs", true}}};
    reader.word(declared.names, kNames, options.ecs);
    read_text(declared.to, reader, options.to);
    read_text(declared.ipfix, reader, options.ipfix);
    reader.number(declared.enterprise, 1, std::numeric_limits<uint32_t>::max(),
                  options.ipfix_enterprise);
    reader.refuse_if(declared.enterprise.given() && !options.ipfix,
                     "--ipfix-enterprise says whose elements IPFIX has: add --ipfix HOST:PORT");
    reader.refuse_if(declared.names.given() && options.ipfix && !options.to,
                     "--names is for JSON, which goes nowhere: add --to, or leave --ipfix out");
    return options;
}

}  // namespace cmd
