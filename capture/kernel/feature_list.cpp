// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/feature_list.h"

#include <bpf/libbpf.h>
#include <linux/capability.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

#include "capture/confinement/system_calls.h"
#include "capture/kernel/bpf_probe.h"
#include "capture/kernel/features.h"
#include "capture/kernel/libbpf_log.h"
#include "capture/kernel/privilege.h"
#include "capture/kernel/surroundings.h"
#include "capture/kernel/tracing.h"
#include "capture/keys/mapping_watch.h"
#include "capture/processes/cgroup.h"
#include "capture/processes/cgroup_root.h"

namespace capture {
namespace {

using State = Feature::State;
using Need = Feature::Need;
using pcapng::Result;

constexpr const char* kNewerKernel = "use a kernel that has it";

Feature make(std::string id, const char* group, const char* name, Need need) {
    Feature feature;
    feature.id = std::move(id);
    feature.group = group;
    feature.name = name;
    feature.need = need;
    return feature;
}

// Sets the feature's state from a probe's errno. As long as a capability is missing, a refusal says
// nothing about the kernel.
void answer(Feature& feature, int code, const Surroundings& around = Surroundings::find()) {
    feature.state = code == 0 ? State::kYes : State::kNo;
    if (code == 0) {
        return;
    }
    feature.detail = code == 524 ? "not supported"  // ENOTSUPP, which never leaves the kernel…
                                 : std::generic_category().message(code);
    if (code != EPERM && code != EACCES) {
        return;
    }
    if (const std::string missing = missing_capabilities(); !missing.empty()) {
        feature.state = State::kUnknown;
        feature.detail = "can't be tried without " + missing;
        feature.remedy = around.with_capabilities(missing);
    } else if (in_user_namespace()) {
        feature.state = State::kUnknown;
        feature.detail = "can't be tried in this user namespace";
        feature.remedy = around.with_host("userns");
    } else if (around.in_container() && around.filters_calls) {
        feature.remedy = around.without_filter();
    }
}

// libbpf's probes return 1, 0, or a negative errno. Without privilege neither 1 nor 0 means
// anything: libbpf reports a helper as present if the kernel refused the program before it looked.
// So `code` is the errno of loading a program of the same type without the helper.
void answer_probe(Feature& feature, int code, int probed) {
    if (code == 0 && probed <= 0) {
        code = probed < 0 ? -probed : EOPNOTSUPP;
    }
    answer(feature, code);
}

// Returns the stable id of a capability, as "cap_bpf".
std::string id_of(const UsedCapability& capability) {
    std::string id = capability.name;
    std::transform(id.begin(), id.end(), id.begin(),
                   [](char c) { return static_cast<char>(std::tolower(c)); });
    return id;
}

void add_capabilities(std::vector<Feature>& features, const Surroundings& around) {
    for (const UsedCapability& capability : kUsedCapabilities) {
        Feature feature = make(id_of(capability), "privilege", capability.name,
                               capability.required ? Need::kRequired : Need::kOptional);
        feature.state = has_capability(capability.value) ? State::kYes : State::kNo;
        feature.cost = capability.cost;
        feature.remedy = around.with_capabilities(capability.name);
        features.push_back(feature);
    }
    Feature space =
        make("initial_user_namespace", "privilege", "the initial user namespace", Need::kOptional);
    space.state = in_user_namespace() ? State::kNo : State::kYes;
    space.cost = "the capabilities above don't count for bpf(2)";
    space.remedy = around.with_host("userns");
    features.push_back(space);
    Feature pids =
        make("initial_pid_namespace", "privilege", "the initial PID namespace", Need::kOptional);
    pids.state = around.own_pid_namespace ? State::kNo : State::kYes;
    pids.detail = around.own_pid_namespace && around.wsl ? "never, in WSL" : "";
    pids.cost =
        "processes outside of this one have no executable and command line until their next exec, "
        "and their sockets no process until they are used";
    pids.remedy = around.in_container() ? around.with_host("pid") : "nothing";
    features.push_back(pids);
}

// The hierarchy's root, as a capture finds it.
struct CgroupSearch {
    Result<void> entered = enter_initial_cgroup_namespace();
    Result<CgroupTree> tree = CgroupTree::open();

    int fd() const { return tree ? tree->fd() : -1; }
};

void add_kernel(std::vector<Feature>& features, const CgroupSearch& cgroups, const Features& kernel,
                const Surroundings& around) {
    Feature btf = make("btf", "kernel", "BTF, the kernel's type information", Need::kRequired);
    answer(btf, kernel.type_information());
    if (!kernel.btf_file().empty()) {
        btf.detail = kernel.btf_file() + (btf.detail.empty() ? "" : ": " + btf.detail);
    }
    btf.cost = "the programs can't be fitted to this kernel";
    btf.remedy = std::string(around.wsl ? "wsl --update (on Windows); or a kernel of your own by "
                                          "kernel= in .wslconfig; or "
                                        : "") +
                 kTypesRemedy;
    features.push_back(btf);

    Feature space = make("cgroup_namespace", "kernel",
                         "the initial cgroup namespace, entered if need be", Need::kRequired);
    space.state = cgroups.entered || cgroups.tree ? State::kYes : State::kNo;
    space.detail = cgroups.entered ? ""
                   : cgroups.tree  ? "not entered: its root is reached by a file handle"
                                   : std::generic_category().message(cgroups.entered.error().code);
    space.cost = "only sockets of this container could be tied to their processes";
    space.remedy =
        around.with_capabilities("CAP_DAC_READ_SEARCH") + "; or " + around.with_host("cgroupns");
    features.push_back(space);

    Feature mount = make("cgroup2", "kernel", "the root of cgroup v2", Need::kRequired);
    mount.state = cgroups.fd() >= 0 ? State::kYes : State::kNo;
    if (cgroups.tree) {
        const std::string& mount_point = cgroups.tree->mount_point();
        mount.detail = !mount_point.empty() ? mount_point
                       : cgroups.entered    ? "by a mount of our own"
                                            : "";
    }
    mount.cost = "new sockets can't be tied to the process that makes them";
    mount.remedy = cgroups.entered ? "mkdir -p /run/cgroup2 && mount -t cgroup2 none /run/cgroup2"
                                   : "see the line above";
    features.push_back(mount);

    Feature getfd =
        make("pidfd_getfd", "kernel", "pidfd_getfd(2) on other processes", Need::kOptional);
    const int code = try_pidfd_getfd();
    getfd.state = code == 0 ? State::kYes : State::kNo;
    getfd.detail = code == 0 ? "" : std::generic_category().message(code);
    getfd.cost = "sockets opened before the start stay unknown until they are used";
    getfd.remedy = code == EPERM
                       ? around.with_capabilities("CAP_SYS_PTRACE") +
                             "; check kernel.yama.ptrace_scope and the container's seccomp"
                       : kNewerKernel;
    features.push_back(getfd);

    Feature seccomp = make("seccomp", "kernel", "filters of system calls", Need::kOptional);
    seccomp.state = can_filter_system_calls() ? State::kYes : State::kNo;
    seccomp.cost = "a capture that an intruder takes over may make any system call";
    seccomp.remedy = "use a kernel with CONFIG_SECCOMP_FILTER=y";
    features.push_back(seccomp);
}

void add_maps(std::vector<Feature>& features, Features& kernel) {
    const int code = kernel.load(BPF_PROG_TYPE_SCHED_CLS);
    Feature ring = make("map_ringbuf", "map", "ring buffer", Need::kRequired);
    answer_probe(ring, code, libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr));
    ring.cost = "packets can't reach pidcap";
    ring.remedy = ring.remedy.empty() ? "use Linux 5.10 or later" : ring.remedy;
    features.push_back(ring);

    Feature storage = make("map_sk_storage", "map", "socket storage", Need::kRequired);
    answer_probe(storage, code, libbpf_probe_bpf_map_type(BPF_MAP_TYPE_SK_STORAGE, nullptr));
    storage.cost = "a socket can't remember its process";
    storage.remedy = storage.remedy.empty() ? "use Linux 5.10 or later, with BTF" : storage.remedy;
    features.push_back(storage);
}

struct Helper {
    bpf_prog_type type;
    bpf_func_id function;
    const char* id;
    const char* name;
    const char* cost;
};

void add_helpers(std::vector<Feature>& features, Features& kernel) {
    static constexpr std::array<Helper, 6> kHelpers{{
        {BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_sk_storage_get, "helper_tc_sk_storage_get",
         "bpf_sk_storage_get() in tc programs", "a packet can't be tied to its socket's process"},
        {BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skc_lookup_tcp, "helper_tc_skc_lookup_tcp",
         "bpf_skc_lookup_tcp() in tc programs", "incoming TCP packets have no process"},
        {BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_sk_lookup_udp, "helper_tc_sk_lookup_udp",
         "bpf_sk_lookup_udp() in tc programs", "incoming UDP packets have no process"},
        {BPF_PROG_TYPE_CGROUP_SOCK, BPF_FUNC_sk_storage_get, "helper_sock_sk_storage_get",
         "bpf_sk_storage_get() in cgroup/sock programs", "a socket can't be given its process"},
        {BPF_PROG_TYPE_CGROUP_SOCK, BPF_FUNC_get_current_comm, "helper_sock_get_current_comm",
         "bpf_get_current_comm() in cgroup/sock programs", "a new socket's process has no name"},
        {BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_probe_read_kernel, "helper_probe_read_kernel",
         "bpf_probe_read_kernel() in raw tracepoints", "processes can't be identified"},
    }};
    for (const Helper& helper : kHelpers) {
        Feature feature = make(helper.id, "helper", helper.name, Need::kRequired);
        answer_probe(feature, kernel.load(helper.type),
                     libbpf_probe_bpf_helper(helper.type, helper.function, nullptr));
        feature.cost = helper.cost;
        feature.remedy = feature.remedy.empty() ? "use Linux 5.10 or later" : feature.remedy;
        features.push_back(feature);
    }
}

void add_interface_hooks(std::vector<Feature>& features) {
    InterfaceProbe probe = try_interface_attach();
    Feature tcx = make("tcx", "hook", "tcx links on interfaces", Need::kOneOf);
    Feature clsact = make("clsact", "hook", "tc programs by a clsact qdisc", Need::kOneOf);
    if (probe.unshared != 0) {
        // There is no namespace to attach in, but tcx can be probed without one.
        probe.tcx = try_tcx_known();
        probe.clsact = EPERM;
    }
    answer(tcx, probe.tcx);
    answer(clsact, probe.clsact);
    if (probe.unshared != 0) {
        clsact.state = State::kUnknown;
        clsact.detail =
            "no network namespace to try it in: " + std::generic_category().message(probe.unshared);
    }
    tcx.cost = "clsact is used instead: after a SIGKILL its programs stay on the interfaces";
    clsact.cost = "nothing where tcx works; else packets can't be captured";
    for (Feature* feature : {&tcx, &clsact}) {
        feature->remedy = !feature->remedy.empty() ? feature->remedy
                          : feature == &tcx        ? "use Linux 6.6 or later"
                                                   : "modprobe sch_ingress cls_bpf";
        features.push_back(*feature);
    }
    Feature xdp = make("xdp", "hook", "XDP links on interfaces", Need::kOptional);
    if (probe.unshared != 0) {
        xdp.state = State::kUnknown;
        xdp.detail = clsact.detail;
    } else {
        answer(xdp, probe.xdp);
    }
    xdp.cost = "--hook xdp can't be used";
    xdp.remedy = xdp.remedy.empty() ? "use Linux 5.9 or later" : xdp.remedy;
    features.push_back(xdp);
}

struct CgroupHook {
    bpf_prog_type program;
    bpf_attach_type type;
    Need need;
    const char* id;
    const char* name;
    const char* cost;
};

void add_cgroup_hooks(std::vector<Feature>& features, int cgroup_fd) {
    static constexpr std::array<CgroupHook, 4> kHooks{{
        {BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, Need::kRequired,
         "cgroup_sock_create", "cgroup/sock_create programs",
         "new sockets can't be tied to the process that makes them"},
        {BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE, Need::kRequired,
         "cgroup_sock_release", "cgroup/sock_release programs",
         "closed sockets can't be told from new ones at the same address"},
        {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, Need::kOptional, "cgroup_skb_egress",
         "cgroup_skb programs for what goes out", "--hook cgroup can't be used"},
        {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, Need::kOptional, "cgroup_skb_ingress",
         "cgroup_skb programs for what comes in", "--hook cgroup can't be used"},
    }};
    for (const CgroupHook& hook : kHooks) {
        Feature feature = make(hook.id, "hook", hook.name, hook.need);
        if (cgroup_fd < 0) {
            feature.state = State::kUnknown;
            feature.detail = "no root of cgroup v2 to try it on";
            feature.remedy = "see above";
        } else {
            answer(feature, try_cgroup_attach(cgroup_fd, hook.program, hook.type));
        }
        feature.cost = hook.cost;
        feature.remedy =
            feature.remedy.empty() ? "use a kernel with CONFIG_CGROUP_BPF=y" : feature.remedy;
        features.push_back(feature);
    }
}

struct Tracepoint {
    const char* tracepoint;
    const char* id;
    const char* name;
    Need need;
    const char* cost;
};

void add_tracepoints(std::vector<Feature>& features) {
    static constexpr std::array<Tracepoint, 6> kTracepoints{{
        {"sys_enter", "raw_tp_sys_enter", "raw tracepoint sys_enter", Need::kRequired,
         "a socket that changes hands keeps its old process"},
        {"sys_exit", "raw_tp_sys_exit", "raw tracepoint sys_exit", Need::kRequired,
         "an accepted socket belongs to whoever made the listening one until it is used"},
        {"sched_process_fork", "raw_tp_sched_process_fork", "raw tracepoint sched_process_fork",
         Need::kRequired, "new processes are not seen"},
        {"sched_process_exec", "raw_tp_sched_process_exec", "raw tracepoint sched_process_exec",
         Need::kRequired, "short-lived processes have no executable and no command line"},
        {"sched_process_exit", "raw_tp_sched_process_exit", "raw tracepoint sched_process_exit",
         Need::kRequired, "ended processes are not noticed, and pids that return are mistaken"},
        {"task_rename", "raw_tp_task_rename", "raw tracepoint task_rename", Need::kOptional,
         "a process that renames itself keeps its old name"},
    }};
    for (const Tracepoint& entry : kTracepoints) {
        Feature feature = make(entry.id, "hook", entry.name, entry.need);
        answer(feature, try_raw_tracepoint(entry.tracepoint));
        feature.cost = entry.cost;
        feature.remedy = feature.remedy.empty() ? kNewerKernel : feature.remedy;
        features.push_back(feature);
    }
}

void add_tracing(std::vector<Feature>& features, Features& kernel) {
    Feature fentry = make(name_of(Tracing::kFentry), "tracing", "fentry programs", Need::kOptional);
    answer(fentry, kernel.fentry());
    fentry.cost = "the users of sockets are seen by kprobes instead";
    Feature kprobe = make(name_of(Tracing::kKprobe), "tracing", "kprobe programs", Need::kOptional);
    answer(kprobe, kernel.kprobe());
    kprobe.cost =
        "without fentry either, the users of sockets are seen at the system calls, all of which "
        "take a little longer";
    const std::pair<Feature*, Tracing> ways[] = {{&fentry, Tracing::kFentry},
                                                 {&kprobe, Tracing::kKprobe}};
    for (const auto& [feature, tracing] : ways) {
        const std::string missing = missing_for(tracing, kernel.types());
        if (feature->state == State::kYes && !missing.empty()) {
            feature->state = State::kNo;
            feature->detail = missing;
        }
        if (feature->remedy.empty()) {
            feature->remedy =
                "use a kernel with CONFIG_KPROBES=y, CONFIG_FUNCTION_TRACER=y and "
                "CONFIG_SECURITY_NETWORK=y";
        }
        features.push_back(*feature);
    }
}

// What --tls-keys needs.
void add_tls(std::vector<Feature>& features) {
    Feature multi =
        make("uprobe_multi", "TLS keys", "links to functions of user space", Need::kOptional);
    answer(multi, try_uprobe_multi());
    multi.cost = "--tls-keys needs CAP_SYS_ADMIN";
    multi.remedy = multi.remedy.empty() ? "use Linux 6.6 or later" : multi.remedy;
    features.push_back(multi);
    Feature watch = make("mapping_events", "TLS keys",
                         "events of files that processes map (perf_event_open)", Need::kOptional);
    answer(watch, tls::MappingWatch::try_open());
    watch.cost = "--tls-keys can't be used";
    watch.remedy = watch.remedy.empty() ? "use a kernel with CONFIG_PERF_EVENTS=y" : watch.remedy;
    features.push_back(watch);
}

}  // namespace

std::vector<Feature> list_features(Features& kernel) {
    const LibbpfLog quiet;
    const CgroupSearch cgroups;
    std::vector<Feature> features;
    const Surroundings around = Surroundings::find();
    add_capabilities(features, around);
    add_kernel(features, cgroups, kernel, around);
    add_maps(features, kernel);
    add_interface_hooks(features);
    add_cgroup_hooks(features, cgroups.fd());
    add_tracepoints(features);
    add_helpers(features, kernel);
    add_tracing(features, kernel);
    add_tls(features);
    for (Feature& feature : features) {
        if (feature.state == State::kYes) {
            feature.remedy.clear();
        }
    }
    return features;
}

bool can_capture(const std::vector<Feature>& features) {
    bool hooked = false;
    bool complete = true;
    for (const Feature& feature : features) {
        const bool here = feature.state == State::kYes;
        hooked |= feature.need == Need::kOneOf && here;
        complete &= feature.need != Need::kRequired || here;
    }
    return hooked && complete;
}

}  // namespace capture
