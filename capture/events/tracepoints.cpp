// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/tracepoints.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "capture/events/tracepoint_probe.h"
#include "capture/hooks/descriptor_limit.h"
#include "packet/event/event_condition.h"
#include "packet/filter/glob.h"

namespace capture {
namespace {

// The tracepoints that one choice names.
class TracepointWriter : public EventWriter {
  public:
    void add(std::string name, TracepointProbe probe) {
        probes_.push_back({std::move(name), std::move(probe)});
    }
    bool empty() const { return probes_.empty(); }
    Result<void> attach() override {
        for (auto& [name, probe] : probes_) {
            if (!leaves_descriptors()) {
                return out_of_descriptors(fmt::format("--event {}", name));
            }
            if (auto attached = probe.attach(); !attached) {
                return of(name, std::move(attached).error());
            }
        }
        return {};
    }
    uint64_t missed() const override {
        uint64_t missed = 0;
        for (const auto& one : probes_) {
            missed += one.probe.missed();
        }
        return missed;
    }
    static Error of(const std::string& name, Error error) {
        error.message = fmt::format("--event {}: {}", name, error.message);
        return error;
    }

  private:
    struct Named {
        std::string name;
        TracepointProbe probe;
    };
    std::vector<Named> probes_;
};

Error unknown(const EventChoice& choice) {
    return Error{fmt::format("--event {}: this kernel has no such tracepoint; `pidcap events` "
                             "lists those that it has (one of a module, once it is loaded)",
                             choice.name),
                 ENOENT};
}

}  // namespace

Result<TracepointCatalogue> TracepointCatalogue::open(const std::string& btf_file) {
    auto tracefs = Tracefs::open();
    if (!tracefs) {
        return std::move(tracefs).error();
    }
    return TracepointCatalogue(*std::move(tracefs), btf_file);
}

Result<TracepointFormat> TracepointCatalogue::format(const TracepointName& name) const {
    const auto text = tracefs_.format(name);
    if (!text) {
        return text.error();
    }
    const KernelNames names{
        [this](const std::string& constant) { return types_.enumerator(constant); },
        [this](const std::string& type) { return types_.enum_values(type); }};
    auto format = parse_tracepoint_format(*text, name.system == "syscalls", names);
    if (!format) {
        return Error{fmt::format("the format of the tracepoint {}: {}", name.text(),
                                 format.error().message)};
    }
    return format;
}

Result<void> add_tracepoints(const EventChoice& choice, const TracepointCatalogue& catalogue,
                             const SharedParts& parts, EventSet& events) {
    const auto names = catalogue.matching(choice.name);
    if (!names) {
        return names.error();
    }
    if (names->empty()) {
        return unknown(choice);
    }
    const bool several = packet::is_glob(choice.name);
    auto writer = std::make_unique<TracepointWriter>();
    const pidcap_cpu_data cpu_data = catalogue.cpu_data();
    for (const TracepointName& name : *names) {
        if (several && events.find(name.text()) != nullptr) {
            continue;
        }
        auto format = catalogue.format(name);
        if (!format) {
            return std::move(format).error();
        }
        const auto failed = [&name](Error error) {
            return TracepointWriter::of(name.text(), std::move(error));
        };
        if (!leaves_descriptors()) {
            return out_of_descriptors(fmt::format("--event {}", choice.name));
        }
        std::optional<packet::EventCondition> condition;
        if (!choice.condition.empty()) {
            auto parsed = packet::EventCondition::parse(choice.condition, format->layout);
            if (!parsed && several && parsed.error().code == packet::EventCondition::kNoSuchField) {
                continue;
            }
            if (!parsed) {
                return failed(std::move(parsed).error());
            }
            condition = *std::move(parsed);
        }
        const auto number = events.add(name.text(), format->layout, std::move(condition));
        if (!number) {
            return failed(number.error());
        }
        auto probe = TracepointProbe::load(parts, *format, *number, cpu_data);
        if (!probe) {
            return failed(std::move(probe).error());
        }
        writer->add(name.text(), *std::move(probe));
    }
    if (writer->empty() && !choice.condition.empty()) {
        return Error{
            fmt::format("--event {}: none of these has the fields of the condition", choice.name),
            ENOENT};
    }
    events.keep(std::move(writer));
    return {};
}

}  // namespace capture
