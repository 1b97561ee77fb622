// SPDX-License-Identifier: GPL-2.0-only
#include "capture/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/clock.h"
#include "capture/events/open_events.h"
#include "capture/events/own_events.h"
#include "capture/filter/verdicts.h"
#include "capture/hooks/link_layers.h"
#include "capture/hooks/no_hook.h"
#include "capture/hooks/socket_hook.h"
#include "capture/keys/plaintext_event.h"
#include "capture/processes/cgroup.h"
#include "capture/processes/cgroup_root.h"
#include "capture/processes/kernel_pids.h"
#include "capture/processes/process_table.h"
#include "capture/processes/socket_scan.h"

namespace capture {
namespace {

using std::chrono::microseconds;

constexpr uint32_t kVlanTagBytes = 4;

// Returns the place of the process at this end, or, with `far_end`, of the process at the other
// end, if that is the only one known.
packet::At at_of(Direction direction, bool far_end) {
    return (direction == Direction::kOutbound) != far_end ? packet::At::kSender
                                                          : packet::At::kReceiver;
}

void watch(std::vector<pollfd>& watched, const std::vector<int>& fds) {
    for (const int fd : fds) {
        watched.push_back({fd, POLLIN, 0});
    }
}

bool any_ready(std::span<const pollfd> watched) {
    return std::any_of(watched.begin(), watched.end(),
                       [](const pollfd& one) { return one.revents != 0; });
}

}  // namespace

Session::Session(Programs programs, Merge merge, ProcessTable table, const SessionOptions& options)
    : programs_(std::move(programs)),
      merge_(std::move(merge)),
      verdicts_(programs_),
      table_(std::move(table)),
      selections_(options.selections),
      pace_(programs_.rings().has_small()),
      snaplen_(options.programs.snaplen),
      count_(options.count) {
    table_.watch(*this);
    table_.ask_kernel(
        [this](const pidcap_process& process) { return programs_.last_change(process); });
    if (programs_.pids() != nullptr) {
        table_.translate_by(*programs_.pids());
    }
}

Result<std::unique_ptr<Session>> Session::open(const SessionOptions& options) {
    // Where this isn't possible, there may be another way to the root (cgroup_root.h).
    [[maybe_unused]] const auto entered = enter_initial_cgroup_namespace();
    // Before the programs are loaded: a helper shall have none of them.
    std::optional<ProcReader> reader;
    if (options.programs.finds_processes) {
        auto started = ProcReader::start(options.helper_user);
        if (!started) {
            return std::move(started).error();
        }
        reader.emplace(*std::move(started));
    }
    ProcessTableOptions table_options;
    table_options.looks_up_names = options.programs.finds_processes;
    table_options.names_addresses = options.names_addresses;
    table_options.helper_user = options.helper_user;
    auto table_cgroups = CgroupTree::open();
    if (!table_cgroups) {
        return std::move(table_cgroups).error();
    }
    auto table = ProcessTable::open(table_options, *std::move(table_cgroups));
    if (!table) {
        return std::move(table).error();
    }
    auto cgroups = CgroupTree::open();
    if (!cgroups) {
        return std::move(cgroups).error();
    }
    ProgramOptions program_options = options.programs;
    program_options.pid_namespace = table->pid_namespace();
    program_options.describes_processes = chooses_processes(options.events);
    program_options.most_events =
        options.events.any() || options.tls_plaintext ? EventSet::kMost : 0;
    if (options.programs.hook != Hook::kCgroup && options.interfaces.netns.empty()) {
        auto own = current_netns();
        if (!own) {
            return std::move(own).error();
        }
        program_options.only_netns = own->inum;
    }
    if (!options.events.packets) {
        program_options.link_layers = {};
    } else if (options.programs.hook != Hook::kCgroup) {
        auto layers = link_layers_of(options.interfaces);
        if (!layers) {
            return std::move(layers).error();
        }
        program_options.link_layers = *layers;
    }
    auto programs = Programs::load(program_options, cgroups->fd());
    if (!programs) {
        return std::move(programs).error();
    }
    auto merge = programs->open_rings();
    if (!merge) {
        return std::move(merge).error();
    }
    std::unique_ptr<Session> session(
        new Session(*std::move(programs), *std::move(merge), *std::move(table), options));
    if (reader) {
        session->reader_.emplace(*std::move(reader));
    }
    auto events = open_events(options.events, session->programs_.shared_parts());
    if (!events) {
        return std::move(events).error();
    }
    session->events_ = *std::move(events);
    if (options.tls_plaintext) {
        auto added =
            session->events_.add(std::string(packet::kPlaintextEvent), tls::plaintext_layout());
        if (!added) {
            return std::move(added).error();
        }
    }
    session->process_events_.emplace(session->events_);
    session->open_samples(options.events);
    if (auto prepared = session->prepare(options, *cgroups); !prepared) {
        return std::move(prepared).error();
    }
    if (options.programs.finds_processes) {
        if (auto learnt = session->learn(options.filter, *cgroups); !learnt) {
            return std::move(learnt).error();
        }
    }
    return session;
}

void Session::open_samples(const EventOptions& options) {
    if (!options.sample_interval) {
        return;
    }
    ProcessSamples::Settings settings;
    settings.interval = *options.sample_interval;
    settings.ns_per_tick = table_.clock().ns_per_tick;
    settings.page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    samples_.emplace(
        events_, settings, [this](uint32_t process) { return table_.stat_of(process); },
        kernel_mono_ns);
    samples_all_ = !options.packets;
}

Result<void> Session::prepare(const SessionOptions& options, const CgroupTree& cgroups) {
    const auto events = static_cast<uint32_t>(events_.sources().size());
    if (auto made = programs_.drops().make_events(events); !made) {
        return made;
    }
    if (!options.events.packets) {
        attachment_ = std::make_unique<NoHook>(programs_.drops(), snaplen_);
        return {};
    }
    InterfaceChoice choice = options.interfaces;
    choice.most = std::min(choice.most, InterfaceLedger::kMost - events);
    if (options.programs.hook == Hook::kCgroup) {
        pcapng::Fd root(fcntl(cgroups.fd(), F_DUPFD_CLOEXEC, 0));
        if (!root.valid()) {
            return pcapng::errno_error("keep the root of cgroup v2 open", errno);
        }
        attachment_ =
            std::make_unique<SocketHook>(programs_, std::move(root), snaplen_, choice.most);
        return {};
    }
    auto interfaces =
        InterfaceSet::open(programs_, std::move(choice), snaplen_,
                           [this](uint32_t netns) { return table_.has_process_in(netns); });
    if (!interfaces) {
        return std::move(interfaces).error();
    }
    attachment_ = *std::move(interfaces);
    return {};
}

Result<void> Session::learn(const packet::ProcessConditions& filter, const CgroupTree& cgroups) {
    if (auto scanned = table_.scan(); !scanned) {
        return scanned;
    }
    if (auto resolved = resolve(filter); !resolved) {
        return resolved;
    }
    table_.for_each([this](const Process& process) { selections_.see(process); });
    Result<void> stored;
    uint64_t without_memory = 0;
    auto counts = scan_sockets(table_.clock(), cgroups, [&](int fd, const pidcap_owner& owner) {
        if (owner.tgid == 0 || !stored) {
            return;
        }
        const auto known = table_.as_in_kernel(owner);
        if (!known) {
            return;  // it has ended
        }
        stored = programs_.set_owner(fd, *known);
        if (!stored && stored.error().code == ENOMEM) {
            without_memory++;  // has no owner until it is used
            stored = {};
        }
    });
    if (!counts) {
        return std::move(counts).error();
    }
    report_.processes = table_.size();
    report_.sockets = counts->sockets - without_memory;
    report_.shared_sockets = counts->shared;
    report_.unreadable_sockets = counts->unreadable + counts->unreadable_processes + without_memory;
    return stored;
}

Result<void> Session::start(Sink& sink) {
    sink_ = &sink;
    counted_mono_ = kernel_mono_ns();
    auto attached = attachment_->attach(sink);
    report_.hook = attachment_->name();
    report_.tracing = programs_.tracing();
    return attached.ok() ? start_events() : attached;
}

Result<void> Session::start_events() {
    for (const EventSource& event : events_.sources()) {
        if (auto announced =
                attachment_->ledger().announce_event({0, event.number}, event.name, event.layout);
            !announced) {
            return announced;
        }
    }
    auto attached = events_.attach();
    programs_.take_events(attached.ok());
    return attached;
}

NeededRights Session::needs() const {
    NeededRights needs = attachment_->needs();
    if (!programs_.maps_need_no_capability()) {
        // CAP_SYS_ADMIN stands in for CAP_BPF where that wasn't granted.
        needs.capabilities.push_back(is_permitted(CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN);
    }
    needs.follows_calls = programs_.attaches_later();
    needs.runs_programs = programs_.pids() != nullptr;
    return needs;
}

void Session::hand_over_reading() {
    if (reader_) {
        table_.read_by(*std::move(reader_));
        reader_.reset();
    }
}

Result<packet::ProcessFilter> Session::make_filter(const packet::ProcessConditions& conditions) {
    auto expression = conditions.expression.resolved([this](uint32_t pid) {
        const Process* process = table_.find_live(pid);
        return process != nullptr ? std::optional(process->number) : std::nullopt;
    });
    if (!expression) {
        return std::move(expression).error();
    }
    return packet::ProcessFilter({*std::move(expression), conditions.follow}, table_);
}

Result<void> Session::resolve(const packet::ProcessConditions& conditions) {
    auto filter = make_filter(conditions);
    if (!filter) {
        return std::move(filter).error();
    }
    // Every packet passes until the new filter is in place.
    programs_.filter_processes(false, 0);
    verdicts_.clear();
    filter_ = *std::move(filter);
    filter_.start();
    uint32_t wanted = 0;
    for (uint8_t via = PIDCAP_VIA_UNKNOWN; via <= PIDCAP_VIA_EVENT; via++) {
        wanted |= filter_.wants_without_process(via_of_record(via)) ? 1U << via : 0;
    }
    programs_.filter_processes(!filter_.wants_all(), wanted);
    return {};
}

// The filter refused a packet of this owner. Tells the kernel to drop further ones, unless
// something still to come may change the decision.
void Session::refuse(const pidcap_owner& owner, const Process* process) {
    if (process == nullptr) {
        return;
    }
    if (const auto change = table_.settled(*process)) {
        verdicts_.refuse(owner, *change);
    }
}

// Hands over what came before first: the old filter decides on it, and it may contain process
// events.
Result<void> Session::set_filter(const packet::ProcessConditions& conditions) {
    if (sink_ != nullptr) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(Merge::kSlackNs));
        if (auto handed = step(); !handed) {
            return std::move(handed).error();
        }
    }
    selections_ = {};
    return resolve(conditions);
}

Result<uint64_t> Session::step() {
    clock_.update();
    auto handed = merge_.round(*this, ended_);
    if (!handed) {
        return handed;
    }
    if (auto delivered = deliver_samples(merge_.until()); !delivered) {
        return std::move(delivered).error();
    }
    if (!event_result_) {
        return std::exchange(event_result_, {}).error();
    }
    table_.expire(kernel_mono_ns());
    if (auto followed = attachment_->round_ended(kernel_mono_ns()); !followed) {
        return std::move(followed).error();
    }
    if (auto flushed = sink_->idle(); !flushed) {
        return std::move(flushed).error();
    }
    pace_.round_ended(*handed, merge_.filled());
    take_samples();
    programs_.adapt();  // after the rings were read: what asks for it wakes the next pause
    return handed;
}

void Session::take_samples() {
    if (!samples_ || ended_) {
        return;
    }
    if (samples_->due()) {
        const bool all = samples_all_ || !filter_.wants_all();
        std::vector<uint32_t> wanted;
        table_.for_each([&](const Process& process) {
            if ((all || samples_->has_seen(process.number)) && filter_.wants(process)) {
                wanted.push_back(process.number);
            }
        });
        samples_->begin(wanted);
    }
    samples_->read_some();
}

// Whoever has ended by the time of its sample has none: its pid may be another process's.
Result<void> Session::deliver_samples(uint64_t until_mono) {
    while (samples_) {
        const auto sample = samples_->take(until_mono);
        if (!sample) {
            break;
        }
        const auto owner = table_.owner_of(sample->process);
        if (!owner) {
            continue;
        }
        auto delivered =
            deliver(samples_->header_of(*sample, *owner), std::as_bytes(std::span(sample->record)));
        if (!delivered) {
            return delivered;
        }
    }
    return {};
}

// Called once the round has begun. Counting losses earlier would miss a loss that is followed by a
// packet of this same round.
void Session::begin() {
    latest_ = nullptr;
    if (uint64_t lost = programs_.events_lost(); lost != events_lost_seen_) {
        events_lost_seen_ = lost;
        table_.events_lost(kernel_mono_ns());
    }
}

Result<bool> Session::wait(const std::vector<int>& fds, int reader, int timeout_ms) {
    if (pace_.needs_wake_request()) {
        programs_.request_wake(PIDCAP_WAKE_NEXT);
        return false;
    }
    ReadPace::Pause pause = pace_.next_pause();
    for (const int limit : {timeout_ms, samples_ ? samples_->milliseconds_left() : -1}) {
        if (limit >= 0) {
            pause.time = std::min<microseconds>(pause.time, std::chrono::milliseconds(limit));
        }
    }
    std::vector<pollfd> watched;
    watch(watched, fds);
    watched.push_back({reader, 0, 0});
    const size_t others = watched.size();
    watch(watched, attachment_->fds());
    const size_t rings = watched.size();
    if (pause.wake == ReadPace::Wake::kNext) {
        // What came since the last round, too.
        watch(watched, programs_.rings().fds());
    } else if (pause.wake == ReadPace::Wake::kFilled) {
        programs_.request_wake(PIDCAP_WAKE_FILLED);
        watch(watched, {programs_.rings().woken_fd()});
    }
    const timespec timeout{pause.time / std::chrono::seconds(1),
                           std::chrono::nanoseconds(pause.time % std::chrono::seconds(1)).count()};
    if (ppoll(watched.data(), watched.size(), &timeout, nullptr) < 0 && errno != EINTR) {
        return pcapng::errno_error("wait for packets", errno);
    }
    if (pause.wake == ReadPace::Wake::kFilled && any_ready(std::span(watched).subspan(rings))) {
        programs_.rings().take_wake();
    }
    const auto interfaces = std::span(watched).subspan(others, rings - others);
    if (any_ready(interfaces)) {
        if (auto followed = follow_interfaces(); !followed) {
            return std::move(followed).error();
        }
    }
    return any_ready(std::span(watched).first(others));
}

// Packets from before a change belong to the interface as it was, so they are handed over first.
Result<void> Session::follow_interfaces() {
    if (auto handed = step(); !handed) {
        return std::move(handed).error();
    }
    return attachment_->update();
}

Result<void> Session::finish() {
    attachment_->detach();
    programs_.take_events(false);
    events_.detach();
    ended_ = true;
    // Programs that were running when their hook was taken off have long ended after one round.
    Result<void> result;
    for (int rounds = 0; rounds < 2 && result.ok(); rounds++) {
        auto handed = step();
        if (!handed) {
            result = std::move(handed).error();
        }
    }
    if (result.ok()) {
        result = attachment_->announce_dropped();
    }
    auto finished = sink_->finish(counters());
    return result.ok() ? finished : result;
}

void Session::changed(const Process& process) {
    selections_.see(process);
    verdicts_.changed(process);
}

void Session::forgotten(const Process& process, uint64_t start_boot) {
    verdicts_.forgotten(process, start_boot);
    if (samples_) {
        samples_->forget(process.number);
    }
}

void Session::event(const pidcap_event& event, std::span<const std::byte> payload) {
    if (event_result_.ok()) {
        event_result_ = deliver_samples(event.time_mono);
    }
    latest_ = nullptr;
    const Process* process = table_.apply(event, payload);
    attachment_->netns_seen(event.netns, event.own_tid);
    if (process == nullptr) {
        return;
    }
    selections_.see(*process);
    if (event.type == PIDCAP_EVENT_FORK) {
        filter_.forked(*process);
        verdicts_.take_back(kernel_pid(*process));
    }
    if (event_result_.ok() && filter_.wants(*process)) {
        event_result_ =
            sink_->process({clock_.from_mono(event.time_mono), type_of_event(event.type), process});
    }
    if (auto record = process_events_->record(event, payload, *process);
        record && event_result_.ok()) {
        event_result_ = deliver(record->header, record->bytes);
    }
}

std::vector<std::string> Session::take_notices() {
    std::vector<std::string> notices = attachment_->notices().take();
    std::ranges::move(events_.take_notices(), std::back_inserter(notices));
    if (attachment_->ledger().full() && !std::exchange(told_full_, true)) {
        notices.push_back(fmt::format(
            "{} interfaces and names of interfaces had packets, and there is room for no more: "
            "packets of further ones are recorded under the name before, or as {}",
            attachment_->ledger().most(), InterfaceLedger::kOthers));
    }
    if (samples_ && samples_->left_out() > 0 && !std::exchange(told_unsampled_, true)) {
        notices.push_back(fmt::format("--sample: {} processes are sampled, and {} more are not",
                                      ProcessSamples::kMost, samples_->left_out()));
    }
    return notices;
}

Result<void> Session::packet(const pidcap_packet& record, std::span<const std::byte> data) {
    if (samples_) {
        if (auto delivered = deliver_samples(record.time_mono); !delivered) {
            return delivered;
        }
    }
    return deliver(record, data);
}

// Interfaces change only between rounds, or with an event.
Result<const packet::Interface*> Session::interface_of(const InterfaceKey& key) {
    if (latest_ != nullptr && latest_key_ == key) {
        return latest_;
    }
    auto found = attachment_->find_for_packet(key);
    if (found) {
        latest_key_ = key;
        latest_ = *found;
    }
    return found;
}

Result<void> Session::deliver(const pidcap_packet& record, std::span<const std::byte> data) {
    const uint64_t time_ns = clock_.from_mono(record.time_mono);
    if (count_reached() || (end_ns_ && time_ns >= *end_ns_)) {
        return {};
    }
    if (!event_result_) {
        return std::exchange(event_result_, {});
    }
    Packet packet;
    packet.number = captured_ + 1;
    packet.time_ns = time_ns;
    packet.direction = direction_of_record(record.direction);
    packet.wire_length = record.wire_len;
    packet.self_at = at_of(packet.direction, record.far_end != 0);
    ends_.find(record, packet);
    InterfaceLedger& ledger = attachment_->ledger();
    const bool is_event = record.interface.netns == 0;
    const uint32_t newly_lost =
        is_event ? events_.newly_lost(record.interface.ifindex, record.cpu, record.lost)
                 : record.lost;
    if (!filter_.wants(packet)) {
        ledger.refused(record.interface, newly_lost);
        refuse(record.owner, packet.self.process);
        refuse(record.peer, packet.peer.process);
        return {};
    }
    if (is_event) {
        packet.self_at = packet::At::kUnknown;
        const auto frame = events_.frame(record.interface.ifindex, data);
        if (!frame) {
            ledger.refused(record.interface, newly_lost);
            return {};
        }
        data = std::as_bytes(frame->first(std::min<size_t>(frame->size(), snaplen_)));
        packet.wire_length = static_cast<uint32_t>(frame->size());
    }
    auto found = interface_of(record.interface);
    if (!found) {
        return std::move(found).error();
    }
    packet.interface = *found;
    if (packet.interface == nullptr) {
        return {};
    }
    if (record.vlan_proto != 0) {
        data = with_vlan_tag(record, data);
        packet.wire_length += kVlanTagBytes;
    }
    packet.data = {reinterpret_cast<const uint8_t*>(data.data()), data.size()};
    uint32_t& lost = ledger.lost(*packet.interface);
    if (lost += newly_lost; lost != 0) {
        packet.drop_count = std::exchange(lost, 0);
    }
    if (samples_ && !samples_->is_sample(record.interface)) {
        for (const Process* process : {packet.self.process, packet.peer.process}) {
            if (process != nullptr) {
                samples_->saw(process->number);
            }
        }
    }
    InterfaceCounters& counters = ledger.count(*packet.interface);
    counters.captured++;
    counters.captured_bytes += packet.data.size();
    captured_++;
    return sink_->packet(packet);
}

// Returns the packet with the VLAN tag, which the kernel keeps outside the data, put back behind
// the Ethernet addresses and cut to the snaplen. Valid until the next call.
std::span<const std::byte> Session::with_vlan_tag(const pidcap_packet& record,
                                                  std::span<const std::byte> data) {
    constexpr size_t kAddresses = size_t{2} * ETH_ALEN;
    if (data.size() < kAddresses) {
        return data;
    }
    const auto high = [](uint16_t value) { return static_cast<std::byte>(value >> 8); };
    const auto low = [](uint16_t value) { return static_cast<std::byte>(value & 0xff); };
    const std::array<std::byte, kVlanTagBytes> tag = {high(record.vlan_proto),
                                                      low(record.vlan_proto), high(record.vlan_tci),
                                                      low(record.vlan_tci)};
    tagged_.assign(data.begin(), data.begin() + kAddresses);
    tagged_.insert(tagged_.end(), tag.begin(), tag.end());
    tagged_.insert(tagged_.end(), data.begin() + kAddresses, data.end());
    tagged_.resize(std::min<size_t>(tagged_.size(), snaplen_));
    return tagged_;
}

}  // namespace capture
