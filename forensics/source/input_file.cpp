// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/input_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "forensics/source/recorded.h"
#include "packet/comment.h"
#include "packet/host_comment.h"
#include "packet/line/terminal_text.h"
#include "pcapng/encode.h"
#include "pcapng/format.h"

namespace forensics {
namespace {

using pcapng::ByteBuffer;
using pcapng::ByteOrder;
using pcapng::Error;
using pcapng::Result;

// The start of a process is recorded in clock ticks of 10 ms, so a block may be that much older.
constexpr uint64_t kTickNs = 10'000'000;

// What a block of packets or names takes beside its body.
constexpr size_t kOverhead = sizeof(CarriedBlock) + 128;

std::vector<uint8_t> taken(const ByteBuffer& buffer) {
    const auto bytes = buffer.view();
    return {bytes.begin(), bytes.end()};
}

// Without the end of options.
void copy_each(ByteBuffer& out, const pcapng::Options& options, OptionOf block, Detail detail) {
    for (const pcapng::Option& option : options) {
        copy_option(out, option, options.byte_order(), block, detail);
    }
}

void copy_options(ByteBuffer& out, const pcapng::Options& options, OptionOf block, Detail detail) {
    copy_each(out, options, block, detail);
    out.end_of_options();
}

// Each record's header turns, the addresses and names don't.
std::vector<uint8_t> body_of(const pcapng::NameResolutionRead& names, Detail detail) {
    ByteBuffer body;
    for (const pcapng::Option& record : names.records) {
        body.option(record.code, record.value);
    }
    body.end_of_options();
    copy_options(body, names.options, OptionOf::kNames, detail);
    return taken(body);
}

std::vector<uint8_t> body_of(const pcapng::SecretsRead& secrets, Detail detail) {
    ByteBuffer body;
    body.u32(secrets.type);
    body.u32(static_cast<uint32_t>(secrets.data.size()));
    body.bytes(secrets.data);
    body.pad(secrets.data.size());
    copy_options(body, secrets.options, OptionOf::kAnyBlock, detail);
    return taken(body);
}

// Little-endian in every section but for the enterprise number in front.
std::vector<uint8_t> process_information_body(std::span<const uint8_t> raw) {
    ByteBuffer body;
    body.u32(pcapng::kWiresharkPen);
    body.bytes(raw.subspan(12, raw.size() - 16));
    return taken(body);
}

void time_option(ByteBuffer& out, uint16_t code, std::optional<uint64_t> time_ns) {
    if (time_ns) {
        out.option_header(code, 8);
        out.u32(static_cast<uint32_t>(*time_ns >> 32));
        out.u32(static_cast<uint32_t>(*time_ns));
    }
}

// What an interface received and lost is true of the capture, whatever was chosen from it; how many
// packets the filter let through and the file got isn't any more.
bool counts_the_file(uint16_t code) {
    return code == pcapng::kIsbFilterAccepted || code == pcapng::kIsbDelivered;
}

std::vector<uint8_t> body_of(const pcapng::StatisticsRead& statistics, bool whole, Detail detail) {
    ByteBuffer body;
    body.u32(static_cast<uint32_t>(statistics.time_ns >> 32));
    body.u32(static_cast<uint32_t>(statistics.time_ns));
    time_option(body, pcapng::kIsbStartTime, statistics.start_ns);
    time_option(body, pcapng::kIsbEndTime, statistics.end_ns);
    for (const pcapng::Option& option : statistics.options) {
        const bool is_time =
            option.code == pcapng::kIsbStartTime || option.code == pcapng::kIsbEndTime;
        if (!is_time && (whole || !counts_the_file(option.code))) {
            copy_option(body, option, statistics.options.byte_order(), OptionOf::kStatistics,
                        detail);
        }
    }
    body.end_of_options();
    return taken(body);
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

CarriedBlock of_journal(const pcapng::JournalRead& journal) {
    CarriedBlock block{.of = CarriedBlock::Of::kProcess, .type = pcapng::kJournalExportBlock};
    block.body.assign(journal.entry.begin(), journal.entry.end());
    if (const auto recorded = recorded_process(journal)) {
        block.start_ns = recorded->start_ns;
    }
    for (const pcapng::JournalField& field : pcapng::journal_fields(journal.entry)) {
        if (field.name == "_PID" && !block.pid) {
            block.pid = number<uint32_t>(field.value);
        } else if (field.name == "__REALTIME_TIMESTAMP") {
            block.time_ns = number<uint64_t>(field.value).value_or(0) * 1000;
        }
    }
    return block;
}

}  // namespace

Result<std::unique_ptr<InputFile>> InputFile::open(const std::string& path, Detail detail) {
    Result<Source> source = Source::open(path);
    if (!source) {
        return std::move(source).error();
    }
    return std::unique_ptr<InputFile>(new InputFile(*std::move(source), path, detail));
}

InputFile::InputFile(Source source, std::string path, Detail detail)
    : source_(std::move(source)), path_(std::move(path)), detail_(detail) {
    source_.set_observer(this);
}

Result<const Packet*> InputFile::next() {
    Result<const Packet*> packet = source_.next();
    if (packet && *packet != nullptr) {
        const uint32_t interface = (*packet)->interface->number;
        if (interface >= packets_.size()) {
            packets_.resize(interface + 1);
        }
        packets_[interface]++;
        if (secrets_wanted_ && (keys_.size() > 0 || !keys_.is_read_ahead())) {
            hello_ = hellos_.packet(**packet);
        }
    }
    return packet;
}

const CarriedInterface* InputFile::interface(uint32_t number) const {
    return number < interfaces_.size() ? &interfaces_[number] : nullptr;
}

const CarriedDarwinProcess* InputFile::darwin_process(uint32_t index) const {
    return index < darwin_processes_.size() ? &darwin_processes_[index] : nullptr;
}

// A process without a start may have got one since, as long as it was the latest.
void InputFile::settle(Namesakes& namesakes) {
    const Process* latest = namesakes.without_start;
    if (latest != nullptr && latest->start_ns != 0) {
        namesakes.by_start[latest->start_ns] = latest;
        namesakes.without_start = nullptr;
    }
}

// Sorts the source's new processes in.
void InputFile::meet_processes() {
    const std::deque<Process>& processes = source_.processes();
    for (; processes_seen_ < processes.size(); processes_seen_++) {
        const Process& process = processes[processes_seen_];
        Namesakes& namesakes = processes_by_pid_[process.pid];
        if (process.start_ns != 0) {
            namesakes.by_start[process.start_ns] = &process;
            continue;
        }
        settle(namesakes);
        namesakes.without_start = &process;
    }
}

// A block that tells the start belongs to the process of that start. Any other belongs to the one
// that started last before it; if that isn't known, to the latest without a start.
const Process* InputFile::owner(const CarriedBlock& block) {
    meet_processes();
    const auto found = block.pid ? processes_by_pid_.find(*block.pid) : processes_by_pid_.end();
    if (found == processes_by_pid_.end()) {
        return nullptr;
    }
    Namesakes& namesakes = found->second;
    settle(namesakes);
    const auto& by_start = namesakes.by_start;
    if (block.start_ns != 0) {
        const auto same = by_start.find(block.start_ns);
        return same != by_start.end() ? same->second : namesakes.without_start;
    }
    const auto later =
        block.time_ns == 0 ? by_start.end() : by_start.upper_bound(block.time_ns + kTickNs);
    return later != by_start.begin() ? std::prev(later)->second : namesakes.without_start;
}

InputFile::ProcessBlock InputFile::key_of(const CarriedBlock& block, uint64_t number) {
    return {*block.pid, block.start_ns, block.start_ns == 0 ? block.time_ns : 0, number};
}

std::vector<uint64_t> InputFile::blocks_of(const Process& process) {
    std::vector<uint64_t> numbers;
    // Takes blocks from `from` on, as long as they belong to the process.
    const auto take = [&](const ProcessBlock& from) {
        for (auto block = process_blocks_.lower_bound(from);
             block != process_blocks_.end() && block->pid == process.pid &&
             (from.start_ns == 0 || block->start_ns == from.start_ns) &&
             owner(carried(block->number)) == &process;
             ++block) {
            numbers.push_back(block->number);
        }
    };
    if (process.start_ns != 0) {
        take({process.pid, process.start_ns, 0, 0});
    }
    const uint64_t from = process.start_ns - std::min(process.start_ns, kTickNs);
    take({process.pid, 0, 0, 0});  // without a time
    take({process.pid, 0, std::max<uint64_t>(from, 1), 0});
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

Result<void> InputFile::block(const OtherBlock& other) {
    if (const auto* section = std::get_if<pcapng::SectionRead>(&other.block)) {
        add(*section);
    } else if (const auto* interface = std::get_if<pcapng::InterfaceRead>(&other.block)) {
        return add(*interface);
    } else if (const auto* names = std::get_if<pcapng::NameResolutionRead>(&other.block)) {
        carry({.type = pcapng::kNameResolutionBlock, .body = body_of(*names, detail_)});
    } else if (const auto* secrets = std::get_if<pcapng::SecretsRead>(&other.block)) {
        add(*secrets);
    } else if (const auto* statistics = std::get_if<pcapng::StatisticsRead>(&other.block)) {
        carry_statistics(*statistics);
    } else if (detail_ == Detail::kAll) {
        return process_block(other);
    }
    return {};
}

// Of processes, or of what only its owner knows.
Result<void> InputFile::process_block(const OtherBlock& other) {
    if (const auto* darwin = std::get_if<pcapng::DarwinProcessRead>(&other.block)) {
        return add(*darwin);
    }
    if (const auto* process = std::get_if<pcapng::ProcessInformationRead>(&other.block)) {
        carry({.of = CarriedBlock::Of::kProcess,
               .type = pcapng::kCustomBlock,
               .body = process_information_body(other.raw),
               .pid = process->pid,
               .start_ns = process->start_ns});
    } else if (const auto* journal = std::get_if<pcapng::JournalRead>(&other.block)) {
        carry(of_journal(*journal));
    } else if (const auto* unknown = std::get_if<pcapng::UnknownRead>(&other.block)) {
        add(*unknown, other.byte_order);
    }
    return {};
}

// Only the owner of such a block knows which of its bytes are numbers.
void InputFile::add(const pcapng::UnknownRead& block, ByteOrder order) {
    if (block.type == pcapng::kCustomBlockNoCopy) {
        return;
    }
    if (order != ByteOrder::kLittle) {
        unturned_++;
        return;
    }
    carry({.of = block.type == pcapng::kCustomBlock ? CarriedBlock::Of::kFile
                                                    : CarriedBlock::Of::kUnknown,
           .type = block.type,
           .body = {block.body.begin(), block.body.end()}});
}

void InputFile::add(const pcapng::SecretsRead& secrets) {
    if (!secrets_wanted_) {
        return;
    }
    if (secrets.type == pcapng::kTlsKeyLog) {
        keys_.add(pcapng::as_text(secrets.data));
    } else {
        carry({.type = pcapng::kDecryptionSecretsBlock, .body = body_of(secrets, detail_)});
    }
}

void InputFile::add(const pcapng::SectionRead& section) {
    first_interface_ = static_cast<uint32_t>(interfaces_.size());
    ByteBuffer options;
    copy_each(options, section.options, OptionOf::kSection, detail_);
    if (++sections_ > 1) {
        options.end_of_options();
        carry({.of = CarriedBlock::Of::kSection,
               .type = pcapng::kSectionHeaderBlock,
               .body = taken(options)});
        return;
    }
    section_options_ = taken(options);
    header_host_ = packet::host_of_section(section.options);
    section_.hardware = section.hardware;
    section_.os = section.os;
    section_.application = section.application;
    section_.comments.clear();
    for (const pcapng::Option& option : section.options) {
        if (option.code == pcapng::kOptComment && detail_ == Detail::kAll) {
            section_.comments.emplace_back(option.text());
        }
    }
}

Result<void> InputFile::add(const pcapng::InterfaceRead& interface) {
    ByteBuffer options;
    for (const pcapng::Option& option : interface.options) {
        if (option.code != pcapng::kIfName && option.code != pcapng::kIfTsresol &&
            option.code != pcapng::kIfTsoffset) {
            copy_option(options, option, interface.options.byte_order(), OptionOf::kInterface,
                        detail_);
        }
    }
    carry({.of = CarriedBlock::Of::kInterfaceDescription,
           .type = pcapng::kInterfaceDescriptionBlock,
           .index = static_cast<uint32_t>(interfaces_.size())});
    interfaces_.push_back({std::string(interface.name), taken(options)});
    return count_described(sizeof(CarriedInterface) + interface.name.size() + options.size());
}

Result<void> InputFile::add(const pcapng::DarwinProcessRead& process) {
    ByteBuffer options;
    copy_options(options, process.options, OptionOf::kDarwinProcess, detail_);
    carry({.of = CarriedBlock::Of::kDarwinProcess,
           .type = pcapng::kDarwinProcessBlock,
           .index = static_cast<uint32_t>(darwin_processes_.size())});
    darwin_processes_.push_back({process.pid, taken(options), sections_});
    return count_described(sizeof(CarriedDarwinProcess) + options.size());
}

Result<void> InputFile::count_described(size_t bytes) {
    described_bytes_ += bytes;
    if (described_bytes_ > kMaxCarried) {
        return Error{fmt::format("{}: more than {} MiB about interfaces and Darwin processes",
                                 packet::printable(source_.name()), kMaxCarried / 1024 / 1024)};
    }
    return {};
}

void InputFile::carry_statistics(const pcapng::StatisticsRead& statistics) {
    const uint32_t interface = first_interface_ + statistics.interface_id;
    carry({.of = CarriedBlock::Of::kInterface,
           .type = pcapng::kInterfaceStatisticsBlock,
           .body = body_of(statistics, true, detail_),
           .index = interface,
           .packets = interface < packets_.size() ? packets_[interface] : 0,
           .body_of_a_part = body_of(statistics, false, detail_)});
}

void InputFile::carry(CarriedBlock block) {
    if (block.pid) {
        process_blocks_.insert(key_of(block, end_block()));
    }
    const auto size_of = [](const CarriedBlock& kept) {
        return kept.body.size() + kept.body_of_a_part.size() + kOverhead;
    };
    if (block.of != CarriedBlock::Of::kProcess) {
        blocks_of_no_process_.push_back(end_block());
    }
    carried_bytes_ += size_of(block);
    blocks_.push_back(std::move(block));
    // The newest stays, whatever its size.
    while (carried_bytes_ > kMaxCarried && blocks_.size() > 1) {
        const CarriedBlock& oldest = blocks_.front();
        carried_bytes_ -= size_of(oldest);
        if (oldest.pid) {
            process_blocks_.erase(key_of(oldest, first_block_));
        }
        if (!blocks_of_no_process_.empty() && blocks_of_no_process_.front() == first_block_) {
            blocks_of_no_process_.pop_front();
        }
        blocks_.pop_front();
        first_block_++;
    }
}

}  // namespace forensics
