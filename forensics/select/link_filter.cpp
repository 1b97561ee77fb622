// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/select/link_filter.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "packet/filter/packet_filter.h"
#include "packet/link_type.h"
#include "pcapng/text.h"

namespace forensics {
namespace {

using pcapng::Error;
using pcapng::Result;

struct ClosePcap {
    void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using Handle = std::unique_ptr<pcap_t, ClosePcap>;

// The header of a pcap file (draft-ietf-opsawg-pcap), in this machine's byte order.
struct FileHeader {
    uint32_t magic = 0xa1b2c3d4;
    uint16_t major = PCAP_VERSION_MAJOR;
    uint16_t minor = PCAP_VERSION_MINOR;
    uint32_t reserved1 = 0;
    uint32_t reserved2 = 0;
    uint32_t snaplen = 262144;
    uint32_t link_type = 0;
};
static_assert(sizeof(FileHeader) == 24);

// Returns a handle on a file without packets. Only with a file does libpcap map a LINKTYPE_ to its
// own DLT_, and know that it can't ask the kernel about the packets ("inbound", "vlan").
Result<Handle> open_handle(uint16_t link_type) {
    FileHeader header;
    header.link_type = link_type;
    std::FILE* file = fmemopen(&header, sizeof(header), "rb");
    if (file == nullptr) {
        return Error{"no memory for libpcap"};
    }
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    // It reads the header at once, and owns the file if it returns a handle.
    Handle handle(pcap_fopen_offline(file, error.data()));
    if (handle == nullptr) {
        std::fclose(file);
        return Error{error.data()};
    }
    return handle;
}

}  // namespace

void LinkFilter::FreeProgram::operator()(bpf_program* program) const {
    pcap_freecode(program);
    delete program;
}

Result<LinkFilter> LinkFilter::make(const std::string& expression) {
    // A syntax error doesn't depend on the link type, so compile for Ethernet to find it.
    const auto compiled =
        packet::PacketFilter::compile(expression, packet::LinkType::kEthernet, uint32_t{0});
    if (!compiled && compiled.error().message.find("syntax error") != std::string::npos) {
        return compiled.error();
    }
    return LinkFilter(expression);
}

Result<LinkFilter::Program> LinkFilter::compile(uint16_t link_type) const {
    auto handle = open_handle(link_type);
    if (!handle) {
        return handle.error();
    }
    Program program(new bpf_program{});
    // Optimized, and as if in the network 0.0.0.0/0, as tcpdump does for files.
    if (pcap_compile(handle->get(), program.get(), expression_.c_str(), 1, 0) != 0) {
        return Error{fmt::format("filter \"{}\" on packets of link type {}: {}",
                                 pcapng::shown_text(expression_), packet::link_type_name(link_type),
                                 pcapng::shown_text(pcap_geterr(handle->get())))};
    }
    return program;
}

Result<bool> LinkFilter::matches(uint16_t link_type, std::span<const uint8_t> data,
                                 uint32_t wire_length) {
    auto found = programs_.find(link_type);
    if (found == programs_.end()) {
        auto program = compile(link_type);
        if (!program) {
            return std::move(program).error();
        }
        found = programs_.emplace(link_type, *std::move(program)).first;
    }
    pcap_pkthdr header{};
    header.caplen = static_cast<bpf_u_int32>(data.size());
    header.len = wire_length;
    static constexpr uint8_t kNothing = 0;  // an empty packet's data may be a null pointer
    return pcap_offline_filter(found->second.get(), &header,
                               data.empty() ? &kNothing : data.data()) != 0;
}

}  // namespace forensics
