// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/key_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "capture/kernel/load_error.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "pidcap_tls.skel.h"
#pragma GCC diagnostic pop

namespace capture::tls {
namespace {

using pcapng::errno_error;

pidcap_tls_recipe recipe_of(const Recipe& recipe) {
    pidcap_tls_recipe raw{};
    raw.label = raw_operand(recipe.label);
    raw.label_length = raw_operand(recipe.label_length);
    raw.client_random = raw_operand(recipe.client_random);
    raw.secret = raw_operand(recipe.secret);
    raw.secret_length = raw_operand(recipe.secret_length);
    raw.has_label_length = recipe.has_label_length ? 1 : 0;
    raw.pointers_of_32_bits = recipe.pointers_of_32_bits ? 1 : 0;
    return raw;
}

bool is_sound(const Recipe& recipe) {
    return is_sound(recipe.label) && is_sound(recipe.client_random) && is_sound(recipe.secret) &&
           is_sound(recipe.secret_length) && is_sound(recipe.label_length);
}

bpf_program* program_of(const pidcap_tls_bpf& skeleton) {
    return probes_by_links() ? skeleton.progs.tls_secret_sleepable : skeleton.progs.tls_secret;
}

// Returns 0 or a negative errno.
int share(const pidcap_tls_bpf& skeleton, const ProbeSettings& settings) {
    const std::pair<bpf_map*, int> shared[] = {
        {skeleton.maps.secrets, settings.secrets},
        {skeleton.maps.secrets_missed, settings.secrets_missed},
        {skeleton.maps.unwanted, settings.unwanted},
        {skeleton.maps.changes, settings.changes}};
    for (const auto& [map, fd] : shared) {
        if (const int code = bpf_map__reuse_fd(map, fd); code != 0) {
            return code;
        }
    }
    return 0;
}

}  // namespace

void KeyProbes::CloseSkeleton::operator()(pidcap_tls_bpf* skeleton) const {
    pidcap_tls_bpf__destroy(skeleton);
}

KeyProbes::KeyProbes(Skeleton skeleton, const ProbeSettings& settings)
    : skeleton_(std::move(skeleton)), settings_(settings) {}

KeyProbes::KeyProbes(KeyProbes&&) noexcept = default;
KeyProbes::~KeyProbes() = default;

// `only_probe`: for a kernel without cookies; 0: with them.
Result<KeyProbes::Skeleton> KeyProbes::load_skeleton(const ProbeSettings& settings,
                                                     uint32_t only_probe) {
    LibbpfLog log;
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    Skeleton skeleton(pidcap_tls_bpf__open());
    if (skeleton == nullptr) {
        return errno_error("open the program for TLS secrets", errno);
    }
    skeleton->rodata->has_cookies = only_probe == 0 ? 1 : 0;
    skeleton->rodata->only_probe = only_probe;
    skeleton->rodata->only_uid = settings.only_uid.value_or(0);
    skeleton->rodata->has_only_uid = settings.only_uid ? 1 : 0;
    bpf_program* wanted = program_of(*skeleton);
    for (bpf_program* program :
         {skeleton->progs.tls_secret, skeleton->progs.tls_secret_sleepable}) {
        bpf_program__set_autoload(program, program == wanted);
    }
    expect_probes(*wanted);
    int code = share(*skeleton, settings);
    if (code == 0) {
        code = pidcap_tls_bpf__load(skeleton.get());
    }
    if (code != 0) {
        return load_error("load the program for TLS secrets", -code, log);
    }
    return skeleton;
}

Result<KeyProbes> KeyProbes::load(const ProbeSettings& settings) {
    auto skeleton = load_skeleton(settings, 0);
    if (skeleton) {
        return KeyProbes(*std::move(skeleton), settings);
    }
    // Without cookies, or not at all.
    if (auto single = load_skeleton(settings, 1); !single) {
        return std::move(single).error();
    }
    return KeyProbes(nullptr, settings);
}

Result<Probe> KeyProbes::attach(const std::string& path, const KeyLogFunction& function,
                                uint32_t probe) const {
    if (probe == 0 || probe >= PIDCAP_TLS_PROBES_MAX) {
        return pcapng::Error{"there are too many files with TLS libraries", ENOSPC};
    }
    if (skeleton_ != nullptr) {
        return attach_by(*skeleton_, path, function, probe);
    }
    // The link keeps the program, which keeps its maps.
    auto own = load_skeleton(settings_, probe);
    return own ? attach_by(**own, path, function, probe) : std::move(own).error();
}

Result<Probe> KeyProbes::attach_by(const pidcap_tls_bpf& skeleton, const std::string& path,
                                   const KeyLogFunction& function, uint32_t probe) {
    const auto failed = [&](int code) {
        return errno_error(
            fmt::format("attach to {} at {:#x}", function.library, function.file_offset), code);
    };
    if (!is_sound(function.recipe)) {
        return failed(EINVAL);
    }
    const pidcap_tls_recipe recipe = recipe_of(function.recipe);
    if (bpf_map_update_elem(bpf_map__fd(skeleton.maps.recipes), &probe, &recipe, BPF_ANY) != 0) {
        return failed(errno);
    }
    const ProbePoint point{function.file_offset, probe};
    auto attached =
        attach_probe(*program_of(skeleton), path, {&point, 1}, skeleton.rodata->has_cookies != 0);
    return attached ? std::move(attached) : failed(attached.error().code);
}

}  // namespace capture::tls
