// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/pid_lookup.h"

#include <bpf/bpf.h>

#include <cstring>

namespace capture {

std::optional<pidcap_pids> PidLookup::by_own(uint32_t number) const {
    return ask(number, PIDCAP_OWN_NUMBERS);
}

std::optional<pidcap_pids> PidLookup::by_host(uint32_t number) const {
    return ask(number, PIDCAP_HOST_NUMBERS);
}

std::optional<pidcap_pids> PidLookup::ask(uint32_t number, pidcap_numbers numbers) const {
    const pidcap_pid_question question{number, numbers};
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.ctx_in = &question;
    options.ctx_size_in = sizeof(question);
    if (bpf_prog_test_run_opts(program_fd_, &options) != 0) {
        return std::nullopt;
    }
    pidcap_pids answer{};
    std::memcpy(&answer, answer_, sizeof(answer));  // the call above has changed it
    return answer.tid != 0 ? std::optional(answer) : std::nullopt;
}

}  // namespace capture
