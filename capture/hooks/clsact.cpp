// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/clsact.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <utility>

#include "capture/kernel/libbpf_log.h"

namespace capture {
namespace {

bpf_tc_hook hook_at(uint32_t ifindex, bpf_tc_attach_point point) {
    bpf_tc_hook hook{};
    hook.sz = sizeof(hook);
    hook.ifindex = static_cast<int>(ifindex);
    hook.attach_point = point;
    return hook;
}

bpf_tc_attach_point point_of(TcDirection direction) {
    return direction == TcDirection::kIn ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

int count_message(const nlmsghdr* message, void* count) {
    if (message->nlmsg_type == RTM_NEWTFILTER) {
        ++*static_cast<int*>(count);
    }
    return MNL_CB_OK;
}

// Returns true if there is a filter of any kind on one side of the qdisc, or if that can't be found
// out.
bool has_filters(uint32_t ifindex, uint32_t parent) {
    mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (socket == nullptr) {
        return true;
    }
    std::array<char, 16384> buffer{};
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = RTM_GETTFILTER;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request->nlmsg_seq = 1;
    auto* tc = static_cast<tcmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(tcmsg)));
    tc->tcm_family = AF_UNSPEC;
    tc->tcm_ifindex = static_cast<int>(ifindex);
    tc->tcm_parent = parent;

    int count = 0;
    int more = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
                       mnl_socket_sendto(socket, request, request->nlmsg_len) >= 0
                   ? MNL_CB_OK
                   : MNL_CB_ERROR;
    while (more > MNL_CB_STOP) {
        ssize_t length = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        more = length < 0 ? MNL_CB_ERROR
                          : mnl_cb_run(buffer.data(), static_cast<size_t>(length), 1,
                                       mnl_socket_get_portid(socket), count_message, &count);
    }
    mnl_socket_close(socket);
    return more == MNL_CB_ERROR || count > 0;
}

}  // namespace

Result<Clsact> Clsact::open(uint32_t ifindex, std::string name) {
    // Both attach points together denote the qdisc itself.
    bpf_tc_hook hook =
        hook_at(ifindex, static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS));
    LibbpfLog silent;  // libbpf warns if the qdisc exists already
    int code = bpf_tc_hook_create(&hook);
    if (code != 0 && code != -EEXIST) {
        return pcapng::errno_error(fmt::format("add a clsact qdisc to interface {}", name), -code);
    }
    return Clsact(ifindex, std::move(name), code == 0);
}

Clsact::Clsact(Clsact&& other) noexcept
    : ifindex_(std::exchange(other.ifindex_, 0)),
      name_(std::move(other.name_)),
      created_(other.created_),
      filters_(std::move(other.filters_)) {}

Result<void> Clsact::add_filter(TcDirection direction, int program_fd) {
    bpf_tc_hook hook = hook_at(ifindex_, point_of(direction));
    bpf_tc_opts options{};
    options.sz = sizeof(options);
    options.prog_fd = program_fd;
    LibbpfLog silent;
    // Priority 1 comes first. If another filter has it, let the kernel choose one.
    options.priority = 1;
    int code = bpf_tc_attach(&hook, &options);
    if (code != 0) {
        options.priority = 0;
        code = bpf_tc_attach(&hook, &options);
    }
    if (code != 0) {
        return pcapng::errno_error(fmt::format("add a filter to interface {}", name_), -code);
    }
    filters_.push_back({direction, options.handle, options.priority});
    return {};
}

Clsact::~Clsact() {
    // An error means that the interface or the qdisc is gone, so there is nothing left to remove.
    LibbpfLog silent;
    for (const Filter& filter : filters_) {
        bpf_tc_hook hook = hook_at(ifindex_, point_of(filter.direction));
        bpf_tc_opts options{};
        options.sz = sizeof(options);
        options.handle = filter.handle;
        options.priority = filter.priority;
        bpf_tc_detach(&hook, &options);
    }
    if (ifindex_ != 0 && created_ &&
        !has_filters(ifindex_, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) &&
        !has_filters(ifindex_, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS))) {
        bpf_tc_hook hook =
            hook_at(ifindex_, static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS));
        bpf_tc_hook_destroy(&hook);
    }
}

}  // namespace capture
