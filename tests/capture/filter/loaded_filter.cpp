// SPDX-License-Identifier: GPL-2.0-only
#include "tests/capture/filter/loaded_filter.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <utility>

#include "capture/filter/bpf_assembler.h"

namespace test {

using capture::BpfAssembler;
using capture::FilterContext;
using pcapng::Error;
using pcapng::Fd;

namespace {

constexpr uint32_t kReachedMatch = 1;
constexpr uint32_t kReachedNoMatch = 2;

Fd load_program(uint32_t type, uint32_t flags, BpfAssembler code) {
    const auto insns = code.finish();
    LIBBPF_OPTS(bpf_prog_load_opts, options);
    options.prog_flags = flags;
    const int fd = bpf_prog_load(static_cast<bpf_prog_type>(type), "test", "GPL", insns.data(),
                                 insns.size(), &options);
    INFO(fd);
    REQUIRE(fd >= 0);
    return Fd(fd);
}

BpfAssembler verdict(uint32_t value) {
    BpfAssembler code;
    code.alu(BPF_MOV, BPF_REG_0, value);
    code.exit();
    return code;
}

Fd program_array(std::initializer_list<int> programs) {
    Fd map(bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "test", 4, 4,
                          static_cast<uint32_t>(programs.size()), nullptr));
    REQUIRE(map.valid());
    uint32_t key = 0;
    for (const int program : programs) {
        REQUIRE(bpf_map_update_elem(map.get(), &key, &program, BPF_ANY) == 0);
        key++;
    }
    return map;
}

}  // namespace

pcapng::Result<LoadedFilter> LoadedFilter::load(const packet::ClassicProgram& program,
                                                capture::FilterTarget target,
                                                const packet::ClassicProgram* tagged) {
    LoadedFilter filter;
    const bool xdp =
        target.context == FilterContext::kXdp || target.context == FilterContext::kXdpLinear;
    filter.type_ = xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;
    const uint32_t flags = target.context == FilterContext::kXdp ? BPF_F_XDP_HAS_FRAGS : 0;
    for (const uint32_t value : {kReachedMatch, kReachedNoMatch}) {
        filter.ends_.push_back(load_program(filter.type_, flags, verdict(value)));
    }
    filter.exits_ = program_array({filter.ends_[0].get(), filter.ends_[1].get()});
    target.exits_fd = filter.exits_.get();
    auto code = capture::translate_filter(program, tagged, target);
    if (!code) {
        return std::move(code).error();
    }
    std::string log(1 << 20, '\0');
    LIBBPF_OPTS(bpf_prog_load_opts, options);
    options.prog_flags = flags;
    int fd = bpf_prog_load(static_cast<bpf_prog_type>(filter.type_), "filter", "GPL", code->data(),
                           code->size(), &options);
    if (fd < 0) {
        options.log_buf = log.data();
        options.log_size = static_cast<uint32_t>(log.size());
        options.log_level = 1;
        const int again = bpf_prog_load(static_cast<bpf_prog_type>(filter.type_), "filter", "GPL",
                                        code->data(), code->size(), &options);
        (void)Fd(again);
        log.resize(log.find('\0'));
        return Error{log.size() > 3000 ? log.substr(log.size() - 3000) : log, -fd};
    }
    filter.program_ = Fd(fd);
    return filter;
}

// A program that puts the tag beside the packet, as a driver does.
int LoadedFilter::with_tag(const VlanTag& tag) {
    if (!tagger_.valid() || tag.tci != tagged_.tci || tag.protocol != tagged_.protocol) {
        to_filter_ = program_array({program_.get()});
        BpfAssembler code;
        code.alu64_register(BPF_MOV, BPF_REG_6, BPF_REG_1);
        code.alu(BPF_MOV, BPF_REG_2, htons(tag.protocol));
        code.alu(BPF_MOV, BPF_REG_3, tag.tci);
        code.call(BPF_FUNC_skb_vlan_push);
        code.alu64_register(BPF_MOV, BPF_REG_1, BPF_REG_6);
        code.load_map(BPF_REG_2, to_filter_.get());
        code.alu(BPF_MOV, BPF_REG_3, 0);
        code.call(BPF_FUNC_tail_call);
        code.alu(BPF_MOV, BPF_REG_0, 0);
        code.exit();
        tagger_ = load_program(type_, 0, std::move(code));
        tagged_ = tag;
    }
    return tagger_.get();
}

std::optional<bool> LoadedFilter::matches(const Bytes& packet, std::optional<VlanTag> tag) {
    LIBBPF_OPTS(bpf_test_run_opts, run);
    run.data_in = packet.data();
    run.data_size_in = static_cast<uint32_t>(packet.size());
    run.repeat = 1;
    const int failed = bpf_prog_test_run_opts(tag ? with_tag(*tag) : program_.get(), &run);
    if (failed == -EINVAL && type_ == BPF_PROG_TYPE_SCHED_CLS) {
        return std::nullopt;
    }
    INFO("bpf_prog_test_run: " << failed << ", a packet of " << packet.size() << " bytes");
    REQUIRE(failed == 0);
    INFO("verdict " << run.retval);
    REQUIRE((run.retval == kReachedMatch || run.retval == kReachedNoMatch));
    return run.retval == kReachedMatch;
}

}  // namespace test
