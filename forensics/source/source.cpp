// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <tuple>
#include <utility>

#include "forensics/source/attribution.h"
#include "forensics/source/decompress.h"
#include "forensics/source/pcap_reader.h"
#include "forensics/source/read_ahead.h"
#include "packet/dissect/link.h"
#include "packet/event/layout.h"
#include "packet/host_comment.h"
#include "packet/line/terminal_text.h"
#include "packet/link_type.h"
#include "pcapng/format.h"
#include "pcapng/other_format.h"

namespace forensics {
namespace {

using pcapng::Error;
using pcapng::Input;
using pcapng::Result;

// The interfaces of all sections may take so many bytes, which is enough for some 880,000, so that
// a small compressed file can't fill the memory.
constexpr size_t kMaxInterfaceBytes = size_t{64} * 1024 * 1024;

// The most memory that a byte of a layout's text costs: "1=a," is a pair of a vector.
constexpr size_t kLayoutMemory = 24;

class CountingSource : public pcapng::ByteSource {
  public:
    CountingSource(std::unique_ptr<pcapng::ByteSource> source, std::atomic<uint64_t>* count)
        : source_(std::move(source)), count_(count) {}
    Result<size_t> read(std::span<uint8_t> into) override {
        Result<size_t> got = source_->read(into);
        count_->fetch_add(got.ok() ? *got : 0, std::memory_order_relaxed);
        return got;
    }

  private:
    std::unique_ptr<pcapng::ByteSource> source_;
    std::atomic<uint64_t>* count_;  // a thread that reads ahead changes it
};

// The interface that a block describes, without a number.
Interface interface_of(const pcapng::InterfaceRead& block) {
    Interface interface {
        .link_type = block.link_type, .snaplen = block.snaplen, .name = std::string(block.name)
    };
    if (block.link_type == packet::kLinkTypeEthernet) {
        if (std::optional<packet::EventLayout> layout = packet::parse_layout(block.description)) {
            interface.event = std::make_shared<const packet::EventLayout>(*std::move(layout));
        }
    }
    return interface;
}

// What two files' interfaces have in common if they are the same one: link type, name, layout.
using InterfaceIdentity = std::tuple<uint16_t, std::string, std::string>;

InterfaceIdentity identity_of(const Interface& interface) {
    return {interface.link_type, interface.name,
            interface.event != nullptr ? packet::layout_text(*interface.event) : std::string()};
}

bool is_pcapng(std::span<const uint8_t> start) {
    return start.size() >= 4 && pcapng::decode<uint32_t>(start, pcapng::ByteOrder::kLittle) ==
                                    pcapng::kSectionHeaderBlock;
}

}  // namespace

class Source::Implementation {
  public:
    explicit Implementation(const std::string& name)
        : given_name_(name), name_(packet::printable(name)) {}

    Result<void> open(const std::string& path);
    Result<void> open(std::span<const uint8_t> bytes);
    void add_files(std::span<const std::string> paths);
    Result<const Packet*> next();
    void read_ahead();
    void set_host(const std::string& host);

    std::string given_name_;
    std::string name_;  // of the file that is being read, as messages have it
    std::deque<Interface> interfaces_;
    std::vector<packet::NamedAddress> address_names_;
    Attribution attribution_;
    Observer* observer_ = nullptr;
    const pcapng::PacketRead* block_ = nullptr;
    std::atomic<uint64_t> bytes_read_ = 0;
    std::optional<uint64_t> bytes_total_;
    Skipped skipped_;
    std::string host_;  // of all sections

  private:
    Result<void> start(Input input);
    Error other_format(Input& input) const;
    Result<const Packet*> next_in_file();
    Result<void> next_file();
    Result<const Packet*> next_block();
    Result<const Packet*> next_record();
    Result<void> other_block(const pcapng::Block& block);
    void begin_section(const std::string& recorded_host);
    void take(const pcapng::NameResolutionRead& block);
    void note_problem();
    const Interface& add_interface(Interface interface);
    void take(const pcapng::PacketRead& block);
    void forget_ends();
    Direction recorded_direction() const;
    Error at_offset(const std::string& message) const;

    std::optional<ReadAhead> reader_;
    const ReadAhead::Read* read_ = nullptr;  // the reader's last block
    std::optional<PcapReader> pcap_;
    bool is_file_ = false;  // a regular one
    bool reads_ahead_ = false;
    std::vector<const Interface*> section_;  // the section's interfaces, by id
    size_t interface_bytes_ = 0;
    // The interfaces of earlier files that this one hasn't described yet: an interface that is
    // described alike is the same one.
    std::multimap<InterfaceIdentity, Interface*> earlier_;
    std::deque<std::string> files_;  // that come after this one
    std::optional<std::string> given_host_;
    bool any_section_ = false;
    Packet packet_;
    bool ended_ = false;
    Result<void> failure_;  // the first one
};

Result<void> Source::Implementation::open(const std::string& path) {
    const bool is_stdin = path == "-";
    pcapng::Fd fd(is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                           : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    name_ = packet::printable(is_stdin ? "standard input" : path);
    if (!fd.valid()) {
        return pcapng::errno_error("open " + name_, errno);
    }
    struct stat status {};
    is_file_ = fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode);
    if (is_file_) {
        bytes_total_ = bytes_read_ + static_cast<uint64_t>(status.st_size);
    }
    return start(Input::from_source(
        std::make_unique<CountingSource>(pcapng::source_of(std::move(fd), name_), &bytes_read_),
        name_));
}

void Source::Implementation::add_files(std::span<const std::string> paths) {
    for (const std::string& path : paths) {
        given_name_ += ", " + (path == "-" ? "standard input" : path);
        files_.push_back(path);
    }
}

// Begins the next file as a new section.
Result<void> Source::Implementation::next_file() {
    const std::string path = std::move(files_.front());
    files_.pop_front();
    reader_.reset();
    pcap_.reset();
    section_.clear();
    earlier_.clear();
    for (Interface& interface : interfaces_) {
        if (!interface.name.empty()) {
            earlier_.emplace(identity_of(interface), &interface);
        }
    }
    attribution_.begin_file(given_host_.value_or(""));
    return open(path);
}

void Source::Implementation::set_host(const std::string& host) {
    given_host_ = host;
    host_ = host;
    attribution_.begin_section(host);  // a pcap file has begun
}

// `recorded_host`: that the section names; empty: none.
void Source::Implementation::begin_section(const std::string& recorded_host) {
    const std::string& host = given_host_ ? *given_host_ : recorded_host;
    attribution_.begin_section(host);
    host_ = !any_section_ || host_ == host ? host : std::string();
    any_section_ = true;
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
        reader_.emplace(pcapng::Reader(std::move(input)), attribution_.comment_hash());
        if (reads_ahead_) {
            read_ahead();
        }
        return {};
    }
    if (!PcapReader::recognises(*magic)) {
        return other_format(input);
    }
    pcap_.emplace(std::move(input));
    const Result<PcapReader::Header> header = pcap_->header();
    if (!header.ok()) {
        return header.error();
    }
    begin_section({});
    section_.push_back(
        &add_interface({.link_type = header->link_type, .snaplen = header->snaplen, .name = {}}));
    return {};
}

// What the file is instead, and what to do with it.
Error Source::Implementation::other_format(Input& input) const {
    const Result<std::span<const uint8_t>> start = input.peek(pcapng::kOtherFormatStart);
    if (!start.ok()) {
        return start.error();
    }
    const auto format = pcapng::other_format(*start);
    if (!format) {
        return Error{fmt::format("{}: starts with {:02x}, which is neither pcapng nor pcap", name_,
                                 fmt::join(start->first(std::min<size_t>(start->size(), 4)), " "))};
    }
    if (format->unpack.empty()) {
        return Error{fmt::format("{}: {}; convert it with `editcap -F pcapng FILE NEW`", name_,
                                 format->name)};
    }
    return Error{fmt::format("{}: {}; unpack it with `{} FILE | pidcap read -`", name_,
                             format->name, format->unpack)};
}

void Source::Implementation::read_ahead() {
    reads_ahead_ = true;
    if (reader_ && is_file_) {
        reader_->start();
    }
}

Result<const Packet*> Source::Implementation::next() {
    block_ = nullptr;
    while (!ended_) {
        Result<const Packet*> packet = next_in_file();
        if (packet.ok() && *packet != nullptr) {
            return packet;
        }
        Result<void> done = packet.ok() ? Result<void>{} : Result<void>(packet.error());
        for (bool opened = false; !opened;) {
            if (failure_.ok()) {
                failure_ = std::move(done);
            }
            if (files_.empty()) {
                ended_ = true;
                break;
            }
            done = next_file();
            opened = done.ok();
        }
    }
    block_ = nullptr;
    if (!failure_.ok()) {
        return failure_.error();
    }
    if (attribution_.left_processes_out()) {
        return Error{
            fmt::format("{}: too many processes to keep, more than {}: packets of the "
                        "others are read as if they named none",
                        packet::printable(given_name_), attribution_.index().processes().size())};
    }
    return nullptr;
}

Result<const Packet*> Source::Implementation::next_in_file() {
    return reader_ ? next_block() : next_record();
}

Result<const Packet*> Source::Implementation::next_block() {
    for (;;) {
        const Result<const ReadAhead::Read*> read = reader_->next();
        if (!read.ok()) {
            return read.error();
        }
        if (*read == nullptr) {
            return nullptr;
        }
        read_ = *read;
        const pcapng::Block& block = read_->block;
        if (!read_->problem.empty()) {
            note_problem();
            if (std::holds_alternative<pcapng::UnknownRead>(block)) {
                continue;
            }
        }
        block_ = std::get_if<pcapng::PacketRead>(&block);
        if (block_ != nullptr) {
            take(*block_);
        } else if (Result<void> other = other_block(block); !other.ok()) {
            return std::move(other).error();
        }
        if (block_ != nullptr) {
            return &packet_;
        }
    }
}

void Source::Implementation::note_problem() {
    if (skipped_.blocks++ == 0) {
        skipped_.first = at_offset(read_->problem).message;
    }
}

void Source::Implementation::take(const pcapng::PacketRead& block) {
    packet_.number++;
    packet_.offset = read_->offset;
    packet_.time_ns = block.has_time ? std::optional(block.time_ns) : std::nullopt;
    packet_.interface = section_[block.interface_id];
    packet_.wire_length = block.wire_length;
    packet_.data = block.data;
    packet_.direction =
        block.direction != Direction::kUnknown ? block.direction : recorded_direction();
    packet_.drop_count = block.drop_count;
    forget_ends();
    attribution_.attribute(block, read_->comment_hash, packet_);
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
    return packet::read_link(link_type, std::as_bytes(packet_.data), packet_.wire_length).direction;
}

Result<void> Source::Implementation::other_block(const pcapng::Block& block) {
    if (const auto* section = std::get_if<pcapng::SectionRead>(&block)) {
        section_.clear();
        begin_section(packet::host_of_section(section->options));
    } else if (const auto* interface = std::get_if<pcapng::InterfaceRead>(&block)) {
        Interface described = interface_of(*interface);
        interface_bytes_ +=
            sizeof(Interface) + read_->raw.size() +
            (described.event != nullptr ? kLayoutMemory * interface->description.size() : 0);
        if (interface_bytes_ > kMaxInterfaceBytes) {
            return at_offset(fmt::format("the interfaces take more than {} MiB",
                                         kMaxInterfaceBytes / 1024 / 1024));
        }
        section_.push_back(&add_interface(std::move(described)));
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
    return observer_->block({block, read_->raw, read_->byte_order});
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
        packet::NamedAddress named{
            .address = packet::address_of(std::as_bytes(record.value.first(length)))};
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
    return &packet_;
}

const Interface& Source::Implementation::add_interface(Interface interface) {
    const auto earlier = earlier_.empty() ? earlier_.end() : earlier_.find(identity_of(interface));
    if (earlier != earlier_.end()) {
        const Interface& same = *earlier->second;
        earlier_.erase(earlier);
        return same;
    }
    interface.number = static_cast<uint32_t>(interfaces_.size());
    return interfaces_.emplace_back(std::move(interface));
}

Error Source::Implementation::at_offset(const std::string& message) const {
    return Error{fmt::format("{}, offset {}: {}", name_, read_->offset, message)};
}

Result<Source> Source::open(const std::string& path) {
    return open(std::span(&path, 1));
}

Result<Source> Source::open(std::span<const std::string> paths) {
    const std::string& first = paths.front();
    auto implementation = std::make_unique<Implementation>(first == "-" ? "standard input" : first);
    if (Result<void> opened = implementation->open(first); !opened.ok()) {
        return std::move(opened).error();
    }
    implementation->add_files(paths.subspan(1));
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

void Source::read_ahead() {
    implementation_->read_ahead();
}

void Source::set_host(const std::string& host) {
    implementation_->set_host(host);
}

const std::string& Source::host() const {
    return implementation_->host_;
}

const std::string& Source::section_host() const {
    return implementation_->attribution_.host();
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

std::deque<Process> Source::take_processes() && {
    return implementation_->attribution_.take_processes();
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

const Source::Skipped& Source::skipped() const {
    return implementation_->skipped_;
}

bool Source::left_texts_out() const {
    return implementation_->attribution_.index().left_texts_out();
}

uint64_t Source::bytes_read() const {
    return implementation_->bytes_read_;
}

std::optional<uint64_t> Source::bytes_total() const {
    return implementation_->bytes_total_;
}

}  // namespace forensics
