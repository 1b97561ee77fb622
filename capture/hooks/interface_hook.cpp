// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/interface_hook.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>

#include <cerrno>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/confinement/confinement.h"
#include "capture/hooks/clsact.h"
#include "pcapng/fd.h"

namespace capture {
namespace {

// From enum bpf_attach_type of include/uapi/linux/bpf.h, since 6.6 (commit e420bed02507).
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);
// BPF_F_BEFORE. Without a program to be before, it means the first place.
constexpr uint32_t kBefore = 1U << 3;

struct Placement {
    TcDirection direction;
    int program_fd;
};

// lo needs only one hook, because every packet on it passes the outgoing side.
Result<std::vector<Placement>> placements(const Programs& programs, HookKind kind) {
    std::vector<std::pair<TcDirection, HookProgram>> wanted;
    switch (kind) {
        case HookKind::kLoopback:
            wanted = {{TcDirection::kOut, HookProgram::kLoopback}};
            break;
        case HookKind::kEthernet:
        case HookKind::kVeth:
            wanted = {{TcDirection::kOut, HookProgram::kEthernetOut}};
            if (programs.hook() != Hook::kXdp) {
                wanted.emplace_back(TcDirection::kIn, HookProgram::kEthernetIn);
            }
            break;
        case HookKind::kIp:
            wanted = {{TcDirection::kOut, HookProgram::kIpOut},
                      {TcDirection::kIn, HookProgram::kIpIn}};
    }
    std::vector<Placement> places;
    for (const auto& [direction, program] : wanted) {
        auto fd = programs.program_fd(program);
        if (!fd) {
            return std::move(fd).error();
        }
        places.push_back({direction, *fd});
    }
    return places;
}

class TcxHook : public InterfaceHook {
  public:
    explicit TcxHook(std::vector<pcapng::Fd> links) : links_(std::move(links)) {}
    HookMode mode() const override { return HookMode::kTcx; }

    // Returns a hook with the link of each direction, or the errno of the first attach that failed.
    static std::variant<std::unique_ptr<TcxHook>, int> attach(const std::vector<Placement>& places,
                                                              uint32_t ifindex) {
        std::vector<pcapng::Fd> links;
        for (const Placement& place : places) {
            // Attaches ahead of all other programs, whose verdict may end a packet's processing.
            // The interface index is passed in place of a target file descriptor.
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

// Captures what comes in at XDP, and what goes out at traffic control.
class XdpHook : public InterfaceHook {
  public:
    XdpHook(pcapng::Fd link, std::unique_ptr<InterfaceHook> out)
        : link_(std::move(link)), out_(std::move(out)) {}
    HookMode mode() const override { return out_->mode(); }

  private:
    pcapng::Fd link_;
    std::unique_ptr<InterfaceHook> out_;
};

Result<pcapng::Fd> attach_xdp(int program_fd, uint32_t ifindex, const std::string& name,
                              HookKind kind) {
    // A driver that supports XDP may still refuse the program, for example because of large frames.
    std::vector<uint32_t> modes = {0, XDP_FLAGS_SKB_MODE};
    if (kind == HookKind::kVeth) {
        modes.erase(modes.begin());
    }
    int fd = -1;
    for (uint32_t flags : modes) {
        LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
        fd = bpf_link_create(program_fd, static_cast<int>(ifindex), BPF_XDP, &options);
        if (fd >= 0) {
            return pcapng::Fd(fd);
        }
        uint32_t other = 0;
        if (bpf_xdp_query_id(static_cast<int>(ifindex), 0, &other) == 0 && other != 0) {
            return Error{
                fmt::format("attach to interface {} by XDP: program {} is there already, and there "
                            "is room for one; use --hook tc, or take it off with `ip link set dev "
                            "{} xdp off`",
                            name, other, name),
                EBUSY};
        }
    }
    return pcapng::errno_error(fmt::format("attach to interface {} by XDP", name), -fd);
}

Result<std::unique_ptr<InterfaceHook>> attach_tc(const std::vector<Placement>& places,
                                                 uint32_t ifindex, const std::string& name,
                                                 HookMode mode) {
    if (mode != HookMode::kClsact) {
        auto attached = TcxHook::attach(places, ifindex);
        if (auto* hook = std::get_if<std::unique_ptr<TcxHook>>(&attached)) {
            return std::unique_ptr<InterfaceHook>(std::move(*hook));
        }
        int code = std::get<int>(attached);
        // EINVAL means that the kernel doesn't know the attach type.
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

}  // namespace

// Tries it with an interface that doesn't exist: the answer is about that or about the rights.
bool InterfaceHook::needs_no_capability(const Programs& programs) {
    constexpr int kNone = std::numeric_limits<int>::max();
    const auto is_refused = [&programs](HookProgram program, bpf_attach_type type) {
        const auto fd = programs.program_fd(program);
        if (!fd) {
            return false;  // nothing is ever attached
        }
        const int link = bpf_link_create(*fd, kNone, type, nullptr);
        return link == -EPERM || link == -EACCES;
    };
    const WithoutCapabilities none;
    return none.valid() && !is_refused(HookProgram::kEthernetOut, kTcxEgress) &&
           !is_refused(HookProgram::kIpOut, kTcxEgress) &&
           !is_refused(HookProgram::kLoopback, kTcxEgress) &&
           (programs.hook() != Hook::kXdp || !is_refused(HookProgram::kXdpIn, BPF_XDP));
}

Result<std::unique_ptr<InterfaceHook>> InterfaceHook::attach(const Programs& programs,
                                                             uint32_t ifindex,
                                                             const std::string& name, HookKind kind,
                                                             HookMode mode) {
    auto places = placements(programs, kind);
    if (!places) {
        Error error = std::move(places).error();
        error.message = fmt::format("interface {}: {}", name, error.message);
        return error;
    }
    auto hook = attach_tc(*places, ifindex, name, mode);
    if (!hook || programs.hook() != Hook::kXdp || kind == HookKind::kIp ||
        kind == HookKind::kLoopback) {
        return hook;
    }
    auto program = programs.program_fd(HookProgram::kXdpIn);
    if (!program) {
        return std::move(program).error();
    }
    auto link = attach_xdp(*program, ifindex, name, kind);
    if (!link) {
        return std::move(link).error();
    }
    return std::unique_ptr<InterfaceHook>(
        std::make_unique<XdpHook>(*std::move(link), *std::move(hook)));
}

}  // namespace capture
