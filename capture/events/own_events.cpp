// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/own_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "capture/events/own_layouts.h"
#include "capture/events/own_probe.h"
#include "capture/events/process_events.h"
#include "capture/events/process_samples.h"
#include "capture/events/xdp_verdicts.h"
#include "capture/kernel/kernel_symbols.h"
#include "packet/event/process_sample.h"

namespace capture {
namespace {

// Adds the events of one choice.
class Adder {
  public:
    Adder(const EventChoice& choice, EventSet& events) : choice_(choice), events_(events) {}

    // Sets `number` to that of the event. Leaves out an event that lacks a field of the condition.
    Result<void> add(const char* name, packet::EventLayout layout, uint32_t& number) {
        std::optional<packet::EventCondition> condition;
        if (!choice_.condition.empty()) {
            auto parsed = packet::EventCondition::parse(choice_.condition, layout);
            if (!parsed && parsed.error().code == packet::EventCondition::kNoSuchField) {
                without_field_ = parsed.error();
                return {};
            }
            if (!parsed) {
                return std::move(parsed).error();
            }
            condition = *std::move(parsed);
        }
        const auto added = events_.add(name, std::move(layout), std::move(condition));
        if (!added) {
            return added.error();
        }
        number = *added;
        any_ = true;
        return {};
    }
    // Returns an error if no event was added.
    Result<void> end() const { return any_ || !without_field_ ? Result<void>() : *without_field_; }

  private:
    const EventChoice& choice_;
    EventSet& events_;
    std::optional<Error> without_field_;
    bool any_ = false;
};

Result<void> add_processes(Adder& adder) {
    uint32_t number = 0;
    for (auto& [name, layout] : process_event_layouts()) {
        if (auto added = adder.add(name, std::move(layout), number); !added) {
            return added;
        }
    }
    return {};
}

Result<void> add_sockets(Adder& adder, bool all, const SharedParts& parts, EventSet& events) {
    pidcap_own_events numbers{};
    numbers.all_sockets = all ? 1 : 0;
    struct Event {
        const char* name;
        packet::EventLayout layout;
        uint32_t* number;
    };
    std::vector<Event> wanted;
    wanted.push_back({"socket:connect", connect_layout(), &numbers.connect});
    wanted.push_back({"socket:bind", bind_layout(), &numbers.bind});
    wanted.push_back({"socket:listen", listen_layout(), &numbers.listen});
    if (all) {
        wanted.push_back({"socket:accept", accept_layout(), &numbers.accept});
        wanted.push_back({"socket:close", close_layout(), &numbers.close});
    }
    for (Event& event : wanted) {
        if (auto added = adder.add(event.name, std::move(event.layout), *event.number); !added) {
            return added;
        }
    }
    auto probe = OwnProbe::of_sockets(parts, numbers);
    if (!probe) {
        return std::move(probe).error();
    }
    events.keep(*std::move(probe));
    return {};
}

// Puts the name of the function behind the record.
void add_symbol(const KernelSymbols& symbols, std::vector<uint8_t>& record) {
    uint64_t location = 0;
    if (record.size() < sizeof(pidcap_dropped)) {
        return;
    }
    std::memcpy(&location, record.data() + offsetof(pidcap_dropped, location), sizeof(location));
    const std::string_view name = symbols.function_at(location);
    const uint32_t locator =
        static_cast<uint32_t>(name.size() << 16) | static_cast<uint32_t>(record.size());
    if (name.empty()) {
        return;
    }
    std::memcpy(record.data() + offsetof(pidcap_dropped, symbol), &locator, sizeof(locator));
    record.insert(record.end(), name.begin(), name.end());
}

Result<void> add_drops(Adder& adder, bool all, const SharedParts& parts, EventSet& events) {
    const KernelTypes kernel(parts.btf_file);
    pidcap_own_events numbers{};
    if (auto added = adder.add("drop:packet", drop_layout(kernel), numbers.dropped); !added) {
        return added;
    }
    if (numbers.dropped == 0) {
        return {};
    }
    auto symbols = KernelSymbols::read();
    if (!symbols) {
        return std::move(symbols).error();
    }
    auto probe = OwnProbe::of_drops(parts, numbers, kernel, *symbols, all);
    if (!probe) {
        return std::move(probe).error();
    }
    events.complete(numbers.dropped,
                    [known = std::make_shared<const KernelSymbols>(*std::move(symbols))](
                        std::vector<uint8_t>& record) { add_symbol(*known, record); });
    events.keep(*std::move(probe));
    return {};
}

Result<void> add_xdp(Adder& adder, bool all, const SharedParts& parts, EventSet& events) {
    pidcap_own_events numbers{};
    if (auto added = adder.add("xdp:verdict", xdp_layout(), numbers.xdp_verdict); !added) {
        return added;
    }
    if (numbers.xdp_verdict == 0) {
        return {};
    }
    auto probe = OwnProbe::of_xdp(parts, numbers, KernelTypes(parts.btf_file));
    if (!probe) {
        return std::move(probe).error();
    }
    events.keep(*std::move(probe));
    if (all) {
        events.keep(XdpVerdicts::load(parts, numbers));
    }
    return {};
}

Result<void> add(const EventChoice& choice, const SharedParts& parts, EventSet& events) {
    const auto is = [&choice](std::string_view name, std::initializer_list<std::string_view> of) {
        return choice.name == name && std::find(of.begin(), of.end(), choice.variant) != of.end();
    };
    const bool all = choice.variant == "all";
    Adder adder(choice, events);
    Result<void> added;
    if (is("process", {""})) {
        added = add_processes(adder);
    } else if (is("socket", {"", "failed", "all"})) {
        added = add_sockets(adder, all, parts, events);
    } else if (is("drop", {"", "all"})) {
        added = add_drops(adder, all, parts, events);
    } else if (is("xdp", {"", "all"})) {
        added = add_xdp(adder, all, parts, events);
    } else {
        return Error{"no such event; `pidcap events` lists them", ENOENT};
    }
    return added.ok() ? adder.end() : added;
}

}  // namespace

bool chooses_processes(const EventOptions& options) {
    return std::any_of(options.choices.begin(), options.choices.end(),
                       [](const EventChoice& choice) { return choice.name == "process"; });
}

Result<void> add_own_events(const EventChoice& choice, const SharedParts& parts, EventSet& events) {
    auto added = add(choice, parts, events);
    if (added.ok()) {
        return added;
    }
    Error error = std::move(added).error();
    error.message = fmt::format("--event {}{}{}: {}", choice.name,
                                choice.variant.empty() ? "" : "=", choice.variant, error.message);
    return error;
}

std::vector<std::pair<std::string, packet::EventLayout>> own_events(const KernelTypes& kernel) {
    std::vector<std::pair<std::string, packet::EventLayout>> all;
    for (auto& [name, layout] : process_event_layouts()) {
        all.emplace_back(name, std::move(layout));
    }
    all.emplace_back(std::string(packet::kSampleEvent), ProcessSamples::layout());
    all.emplace_back("socket:connect", connect_layout());
    all.emplace_back("socket:bind", bind_layout());
    all.emplace_back("socket:listen", listen_layout());
    all.emplace_back("socket:accept", accept_layout());
    all.emplace_back("socket:close", close_layout());
    all.emplace_back("drop:packet", drop_layout(kernel));
    all.emplace_back("xdp:verdict", xdp_layout());
    return all;
}

}  // namespace capture
