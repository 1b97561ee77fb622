// SPDX-License-Identifier: GPL-2.0-only
#include "capture/interface_hook.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/clsact.h"
#include "pcapng/fd.h"

namespace capture {
namespace {

// enum bpf_attach_type of include/uapi/linux/bpf.h, 6.6 on (commit e420bed02507).
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);
// BPF_F_BEFORE, without a program to be before: the first place.
constexpr uint32_t kBefore = 1U << 3;

struct Placement {
    TcDirection direction;
    int program_fd;
};

// lo needs one hook only: every packet on it passes the way out.
std::vector<Placement> placements(const Programs& programs, HookKind kind) {
    switch (kind) {
        case HookKind::kLoopback:
            return {{TcDirection::kOut, programs.program_fd(HookProgram::kLoopback)}};
        case HookKind::kEthernet:
            return {{TcDirection::kOut, programs.program_fd(HookProgram::kEthernetOut)},
                    {TcDirection::kIn, programs.program_fd(HookProgram::kEthernetIn)}};
        case HookKind::kIp:
            return {{TcDirection::kOut, programs.program_fd(HookProgram::kIpOut)},
                    {TcDirection::kIn, programs.program_fd(HookProgram::kIpIn)}};
    }
    return {};
}

class TcxHook : public InterfaceHook {
  public:
    explicit TcxHook(std::vector<pcapng::Fd> links) : links_(std::move(links)) {}
    HookMode mode() const override { return HookMode::kTcx; }

    // The link of each direction, or the errno of the first one that failed.
    static std::variant<std::unique_ptr<TcxHook>, int> attach(const std::vector<Placement>& places,
                                                              uint32_t ifindex) {
        std::vector<pcapng::Fd> links;
        for (const Placement& place : places) {
            // Before all others, whose verdict may be the last word on a packet. An interface index
            // stands where other links have a file descriptor.
            LIBBPF_OPTS(bpf_link_create_opts, options, .flags = kBefore);
            int fd = bpf_link_create(place.program_fd, static_cast<int>(ifindex),
                                     place.direction == TcDirection::kIn ? kTcxIngress : kTcxEgress,
                                     &options);
            if (fd < 0) {
                return -fd;
            }
            links.emplace_back(fd);
        }
        return std::make_unique<TcxHook>(std::move(links));
    }

  private:
    std::vector<pcapng::Fd> links_;
};

class ClsactHook : public InterfaceHook {
  public:
    explicit ClsactHook(Clsact qdisc) : qdisc_(std::move(qdisc)) {}
    HookMode mode() const override { return HookMode::kClsact; }

  private:
    Clsact qdisc_;
};

}  // namespace

Result<std::unique_ptr<InterfaceHook>> InterfaceHook::attach(const Programs& programs,
                                                             uint32_t ifindex,
                                                             const std::string& name, HookKind kind,
                                                             HookMode mode) {
    auto places = placements(programs, kind);
    if (mode != HookMode::kClsact) {
        auto attached = TcxHook::attach(places, ifindex);
        if (auto* hook = std::get_if<std::unique_ptr<TcxHook>>(&attached)) {
            return std::unique_ptr<InterfaceHook>(std::move(*hook));
        }
        int code = std::get<int>(attached);
        // EINVAL: a kernel that doesn't know the attach type.
        if (mode == HookMode::kTcx || code != EINVAL) {
            return pcapng::errno_error(fmt::format("attach to interface {} by tcx", name), code);
        }
    }
    auto qdisc = Clsact::open(ifindex, name);
    if (!qdisc) {
        return std::move(qdisc).error();
    }
    for (const Placement& place : places) {
        if (auto added = qdisc->add_filter(place.direction, place.program_fd); !added) {
            return std::move(added).error();
        }
    }
    return std::unique_ptr<InterfaceHook>(std::make_unique<ClsactHook>(*std::move(qdisc)));
}

}  // namespace capture
