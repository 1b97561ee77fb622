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

Error of(const std::string& name, Error error) {
    error.message = fmt::format("--event {}: {}", name, error.message);
    return error;
}

class TracepointWriter : public EventWriter {
  public:
    TracepointWriter(std::string name, TracepointProbe probe)
        : name_(std::move(name)), probe_(std::move(probe)) {}

    Result<void> attach() override {
        if (!leaves_descriptors()) {
            return out_of_descriptors(fmt::format("--event {}", name_));
        }
        auto attached = probe_.attach();
        return attached.ok() ? attached : of(name_, std::move(attached).error());
    }
    uint64_t missed() const override { return probe_.missed(); }

  private:
    std::string name_;
    TracepointProbe probe_;
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
    size_t added = 0;
    const pidcap_cpu_data cpu_data = catalogue.cpu_data();
    for (const TracepointName& name : *names) {
        if (several && events.find(name.text()) != nullptr) {
            continue;
        }
        auto format = catalogue.format(name);
        if (!format) {
            return std::move(format).error();
        }
        const auto failed = [&name](Error error) { return of(name.text(), std::move(error)); };
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
        events.keep(std::make_unique<TracepointWriter>(name.text(), *std::move(probe)));
        added++;
    }
    if (added == 0 && !choice.condition.empty()) {
        return Error{
            fmt::format("--event {}: none of these has the fields of the condition", choice.name),
            ENOENT};
    }
    return {};
}

}  // namespace capture
