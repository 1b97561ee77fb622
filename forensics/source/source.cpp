// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "forensics/source/attribution.h"
#include "forensics/source/decompress.h"
#include "forensics/source/pcap_reader.h"
#include "packet/dissect/link.h"
#include "packet/line/terminal_text.h"
#include "pcapng/format.h"
#include "pcapng/reader.h"

namespace forensics {
namespace {

using pcapng::Error;
using pcapng::Input;
using pcapng::Result;

// A file may name this many processes (as many as Linux can have at once, PID_MAX_LIMIT) and have
// this many interfaces in all its sections, so that a small compressed one can't fill the memory.
constexpr size_t kMaxProcesses = size_t{4} * 1024 * 1024;
constexpr size_t kMaxInterfaces = size_t{1024} * 1024;

class CountingSource : public pcapng::ByteSource {
  public:
    CountingSource(std::unique_ptr<pcapng::ByteSource> source, uint64_t* count)
        : source_(std::move(source)), count_(count) {}
    Result<size_t> read(std::span<uint8_t> into) override {
        Result<size_t> got = source_->read(into);
        *count_ += got.ok() ? *got : 0;
        return got;
    }

  private:
    std::unique_ptr<pcapng::ByteSource> source_;
    uint64_t* count_;
};

bool is_pcapng(std::span<const uint8_t> start) {
    return start.size() >= 4 && pcapng::decode<uint32_t>(start, pcapng::ByteOrder::kLittle) ==
                                    pcapng::kSectionHeaderBlock;
}

}  // namespace

class Source::Implementation {
  public:
    explicit Implementation(const std::string& name)
        : given_name_(name), name_(packet::printable(name)) {}

    Result<void> open(pcapng::Fd fd);
    Result<void> open(std::span<const uint8_t> bytes);
    Result<const Packet*> next();

    std::string given_name_;
    std::string name_;  // as messages have it
    std::deque<Interface> interfaces_;
    std::vector<packet::NamedAddress> address_names_;
    Attribution attribution_;
    Observer* observer_ = nullptr;
    const pcapng::PacketRead* block_ = nullptr;
    uint64_t bytes_read_ = 0;
    std::optional<uint64_t> bytes_total_;

  private:
    Result<void> start(Input input);
    Result<const Packet*> next_block();
    Result<const Packet*> next_record();
    Result<void> other_block(const pcapng::Block& block);
    void take(const pcapng::NameResolutionRead& block);
    Interface& add_interface(uint16_t link_type, uint32_t snaplen, std::string_view name);
    void take(const pcapng::PacketRead& block);
    void forget_ends();
    Direction recorded_direction() const;
    Error at_offset(const std::string& message) const;

    std::optional<pcapng::Reader> reader_;
    std::optional<PcapReader> pcap_;
    std::vector<const Interface*> section_;  // the section's interfaces, by id
    Packet packet_;
    Result<void> failure_;
};

Result<void> Source::Implementation::open(pcapng::Fd fd) {
    struct stat status {};
    if (fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode)) {
        bytes_total_ = static_cast<uint64_t>(status.st_size);
    }
    return start(Input::from_source(
        std::make_unique<CountingSource>(pcapng::source_of(std::move(fd), name_), &bytes_read_),
        name_));
}

Result<void> Source::Implementation::open(std::span<const uint8_t> bytes) {
    bytes_read_ = bytes.size();
    bytes_total_ = bytes.size();
    return start(Input::from_memory(bytes, name_));
}

// Recognises the format of the file.
Result<void> Source::Implementation::start(Input input) {
    constexpr size_t kMagicSize = 4;
    Result<std::span<const uint8_t>> magic = input.peek(kMagicSize);
    if (!magic.ok()) {
        return std::move(magic).error();
    }
    if (const std::optional<Compression> compression = compression_of(*magic)) {
        input = Input::from_source(decompress(*compression, std::move(input)), name_);
        magic = input.peek(kMagicSize);
        if (!magic.ok()) {
            return Error{fmt::format("{}, offset 0: {}", name_, magic.error().message)};
        }
    }
    if (magic->empty()) {
        return Error{fmt::format("{}, offset 0: the file is empty", name_)};
    }
    if (is_pcapng(*magic)) {
        reader_.emplace(std::move(input));
        return {};
    }
    if (!PcapReader::recognises(*magic)) {
        return Error{fmt::format("{}: starts with {:02x}, which is neither pcapng nor pcap", name_,
                                 fmt::join(*magic, " "))};
    }
    pcap_.emplace(std::move(input));
    const Result<PcapReader::Header> header = pcap_->header();
    if (!header.ok()) {
        return header.error();
    }
    section_.push_back(&add_interface(header->link_type, header->snaplen, {}));
    return {};
}

Result<const Packet*> Source::Implementation::next() {
    if (!failure_.ok()) {
        return failure_.error();
    }
    block_ = nullptr;
    Result<const Packet*> packet = reader_ ? next_block() : next_record();
    if (!packet.ok()) {
        failure_ = packet.error();
    }
    return packet;
}

Result<const Packet*> Source::Implementation::next_block() {
    for (;;) {
        const Result<const pcapng::Block*> block = reader_->next_in_place();
        if (!block.ok()) {
            return block.error();
        }
        if (*block == nullptr) {
            return nullptr;
        }
        block_ = std::get_if<pcapng::PacketRead>(*block);
        if (block_ != nullptr) {
            take(*block_);
        } else if (Result<void> other = other_block(**block); !other.ok()) {
            return std::move(other).error();
        }
        if (attribution_.index().processes().size() > kMaxProcesses ||
            attribution_.darwin_processes() > kMaxProcesses) {
            return at_offset(fmt::format("more than {} processes", kMaxProcesses));
        }
        if (block_ != nullptr) {
            return &packet_;
        }
    }
}

void Source::Implementation::take(const pcapng::PacketRead& block) {
    packet_.number++;
    packet_.offset = reader_->offset();
    packet_.time_ns = block.has_time ? std::optional(block.time_ns) : std::nullopt;
    packet_.interface = section_[block.interface_id];
    packet_.wire_length = block.wire_length;
    packet_.data = block.data;
    packet_.direction =
        block.direction != Direction::kUnknown ? block.direction : recorded_direction();
    packet_.drop_count = block.drop_count;
    forget_ends();
    attribution_.attribute(block, packet_);
}

void Source::Implementation::forget_ends() {
    packet_.self = {};
    packet_.self_at = At::kUnknown;
    packet_.peer = {};
}

// The direction that the packet's link-layer header tells.
Direction Source::Implementation::recorded_direction() const {
    const uint16_t link_type = packet_.interface->link_type;
    if (!packet::link_names_interface(link_type)) {
        return Direction::kUnknown;
    }
    return packet::read_link(link_type, {std::as_bytes(packet_.data), packet_.wire_length})
        .direction;
}

Result<void> Source::Implementation::other_block(const pcapng::Block& block) {
    if (std::holds_alternative<pcapng::SectionRead>(block)) {
        section_.clear();
        attribution_.begin_section();
    } else if (const auto* interface = std::get_if<pcapng::InterfaceRead>(&block)) {
        if (interfaces_.size() >= kMaxInterfaces) {
            return at_offset(fmt::format("more than {} interfaces", kMaxInterfaces));
        }
        section_.push_back(
            &add_interface(interface->link_type, interface->snaplen, interface->name));
    } else if (const auto* darwin = std::get_if<pcapng::DarwinProcessRead>(&block)) {
        attribution_.darwin_process(*darwin);
    } else if (const auto* information = std::get_if<pcapng::ProcessInformationRead>(&block)) {
        attribution_.process_information(*information);
    } else if (const auto* journal = std::get_if<pcapng::JournalRead>(&block)) {
        attribution_.journal(*journal);
    } else if (const auto* names = std::get_if<pcapng::NameResolutionRead>(&block)) {
        take(*names);
    }
    if (observer_ == nullptr) {
        return {};
    }
    return observer_->block({block, reader_->raw(), reader_->byte_order()});
}

// Each record: an address and its names, which a NUL ends. The first one is taken.
void Source::Implementation::take(const pcapng::NameResolutionRead& block) {
    for (const pcapng::Option& record : block.records) {
        const size_t length = record.code == pcapng::kNameRecordIpv4   ? 4
                              : record.code == pcapng::kNameRecordIpv6 ? 16
                                                                       : 0;
        if (length == 0 || record.value.size() <= length || address_names_.size() >= kMaxNames) {
            continue;
        }
        packet::NamedAddress named{.address = {.length = static_cast<uint8_t>(length)}};
        std::ranges::copy(record.value.first(length), named.address.bytes.begin());
        const std::string_view names = pcapng::as_text(record.value.subspan(length));
        named.name = names.substr(0, std::min(names.find('\0'), packet::kMaxName));
        if (!named.name.empty()) {
            address_names_.push_back(std::move(named));
        }
    }
}

Result<const Packet*> Source::Implementation::next_record() {
    const Result<const PcapReader::Record*> record = pcap_->next();
    if (!record.ok()) {
        return record.error();
    }
    if (*record == nullptr) {
        return nullptr;
    }
    packet_.number++;
    packet_.offset = (*record)->offset;
    packet_.time_ns = (*record)->time_ns;
    packet_.interface = section_.front();
    packet_.wire_length = (*record)->wire_length;
    packet_.data = (*record)->data;
    packet_.direction = recorded_direction();
    forget_ends();
    attribution_.attribute(packet_);
    if (attribution_.index().processes().size() > kMaxProcesses) {
        return Error{fmt::format("{}, offset {}: more than {} processes", name_, packet_.offset,
                                 kMaxProcesses)};
    }
    return &packet_;
}

Interface& Source::Implementation::add_interface(uint16_t link_type, uint32_t snaplen,
                                                 std::string_view name) {
    return interfaces_.emplace_back(Interface{.number = static_cast<uint32_t>(interfaces_.size()),
                                              .link_type = link_type,
                                              .snaplen = snaplen,
                                              .name = std::string(name)});
}

Error Source::Implementation::at_offset(const std::string& message) const {
    return Error{fmt::format("{}, offset {}: {}", name_, reader_->offset(), message)};
}

Result<Source> Source::open(const std::string& path) {
    const bool is_stdin = path == "-";
    pcapng::Fd fd(is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                           : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string name = is_stdin ? "standard input" : path;
    if (!fd.valid()) {
        return pcapng::errno_error("open " + packet::printable(name), errno);
    }
    auto implementation = std::make_unique<Implementation>(name);
    if (Result<void> opened = implementation->open(std::move(fd)); !opened.ok()) {
        return std::move(opened).error();
    }
    return Source(std::move(implementation));
}

Result<Source> Source::from_memory(std::span<const uint8_t> bytes, const std::string& name) {
    auto implementation = std::make_unique<Implementation>(name);
    if (Result<void> opened = implementation->open(bytes); !opened.ok()) {
        return std::move(opened).error();
    }
    return Source(std::move(implementation));
}

Source::Source(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Source::~Source() = default;
Source::Source(Source&&) noexcept = default;
Source& Source::operator=(Source&&) noexcept = default;

Result<const Packet*> Source::next() {
    return implementation_->next();
}

const pcapng::PacketRead* Source::block() const {
    return implementation_->block_;
}

void Source::set_observer(Observer* observer) {
    implementation_->observer_ = observer;
}

const std::string& Source::name() const {
    return implementation_->given_name_;
}

const std::deque<Process>& Source::processes() const {
    return implementation_->attribution_.index().processes();
}

const uint64_t& Source::changes() const {
    return implementation_->attribution_.index().changes();
}

const std::deque<Interface>& Source::interfaces() const {
    return implementation_->interfaces_;
}

const std::vector<packet::NamedAddress>& Source::address_names() const {
    return implementation_->address_names_;
}

uint64_t Source::bytes_read() const {
    return implementation_->bytes_read_;
}

std::optional<uint64_t> Source::bytes_total() const {
    return implementation_->bytes_total_;
}

}  // namespace forensics
