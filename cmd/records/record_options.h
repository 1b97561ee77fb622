// SPDX-License-Identifier: GPL-2.0-only
//
// The options of `pidcap flows --records`: when a record is made, and where it goes. Passive data,
// and how it is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cmd/command_line.h"
#include "cmd/option_reader.h"
#include "forensics/meter/flow_meter.h"

namespace cmd {

struct RecordOptions {
    bool wanted = false;
    forensics::FlowMeter::Options meter;
    bool ecs = false;                  // the names of the Elastic Common Schema
    std::optional<std::string> to;     // none: standard output, unless there is ipfix
    std::optional<std::string> ipfix;  // HOST:PORT
    uint32_t ipfix_enterprise = kIpfixDocumentation;  // whose numbers pidcap's own elements have

    // The enterprise number that is nobody's: reserved for documentation (RFC 5612).
    static constexpr uint32_t kIpfixDocumentation = 32473;
};

struct DeclaredRecordOptions {
    explicit DeclaredRecordOptions(CommandLine& line)
        : records(line.flag("--records")),
          idle(line.value("--idle")),
          active(line.value("--active")),
          most(line.value("--most-flows")),
          names(line.value("--names")),
          to(line.value("--to")),
          ipfix(line.value("--ipfix")),
          enterprise(line.value("--ipfix-enterprise")) {}

    const Option& records;
    const Option& idle;
    const Option& active;
    const Option& most;
    const Option& names;
    const Option& to;
    const Option& ipfix;
    const Option& enterprise;

    // Whether any of them is given: each asks for records.
    bool given() const;
};

RecordOptions read_record_options(const DeclaredRecordOptions& declared, OptionReader& reader);

}  // namespace cmd
