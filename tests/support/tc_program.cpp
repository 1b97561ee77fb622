// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/tc_program.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace test {
namespace {

// BPF_TCX_INGRESS and BPF_TCX_EGRESS of include/uapi/linux/bpf.h, 6.6 on.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

[[noreturn]] void fail(const std::string& what, int code) {
    throw std::runtime_error(what + ": " + std::strerror(code < 0 ? -code : code));
}

bpf_insn instruction(uint8_t code, uint8_t destination, uint8_t source, int32_t immediate) {
    bpf_insn result{};
    result.code = code;
    result.dst_reg = destination & 0xf;
    result.src_reg = source & 0xf;
    result.imm = immediate;
    return result;
}

bpf_insn set(uint8_t destination, int32_t value) {
    return instruction(BPF_ALU64 | BPF_MOV | BPF_K, destination, 0, value);
}

}  // namespace

pcapng::Fd load_tc_program(int verdict, uint16_t vlan_id) {
    std::vector<bpf_insn> code;
    if (vlan_id != 0) {
        code.push_back(set(2, htons(0x8100)));
        code.push_back(set(3, vlan_id));
        code.push_back(instruction(BPF_JMP | BPF_CALL, 0, 0, BPF_FUNC_skb_vlan_push));
    }
    code.push_back(set(0, verdict));
    code.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0));
    const int fd =
        bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "theirs", "GPL", code.data(), code.size(), nullptr);
    if (fd < 0) {
        fail("load a program", fd);
    }
    return pcapng::Fd(fd);
}

pcapng::Fd attach_tcx(const pcapng::Fd& program, const std::string& interface, Hook hook,
                      bool first) {
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = first ? 1U << 3 : 0);  // BPF_F_BEFORE
    const int fd =
        bpf_link_create(program.get(), static_cast<int>(if_nametoindex(interface.c_str())),
                        hook == Hook::kIngress ? kTcxIngress : kTcxEgress, &options);
    if (fd < 0) {
        fail("attach to " + interface, fd);
    }
    return pcapng::Fd(fd);
}

void attach_filter(const pcapng::Fd& program, const std::string& interface, Hook hook,
                   uint32_t priority) {
    bpf_tc_hook where{};
    where.sz = sizeof(where);
    where.ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    where.attach_point = hook == Hook::kIngress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
    bpf_tc_opts options{};
    options.sz = sizeof(options);
    options.prog_fd = program.get();
    options.handle = 1;
    options.priority = priority;
    if (const int code = bpf_tc_attach(&where, &options)) {
        fail("add a filter to " + interface, code);
    }
}

int count_tcx(const std::string& interface) {
    const auto ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    int sum = 0;
    for (bpf_attach_type type : {kTcxIngress, kTcxEgress}) {
        uint32_t ids[64];
        uint32_t count = 64;
        uint32_t flags = 0;
        if (const int code = bpf_prog_query(ifindex, type, 0, &flags, ids, &count)) {
            fail("query " + interface, code);
        }
        sum += static_cast<int>(count);
    }
    return sum;
}

}  // namespace test
