// SPDX-License-Identifier: GPL-2.0-only
#include "tests/capture/filter/oracle.h"

#include <pcap/pcap.h>

#include <bitset>
#include <cstring>
#include <utility>
#include <vector>

namespace test {
namespace {

static_assert(sizeof(sock_filter) == sizeof(bpf_insn));

std::vector<bpf_insn> as_libpcap_has_it(const packet::ClassicProgram& program) {
    std::vector<bpf_insn> code(program.size());
    std::memcpy(code.data(), program.data(), program.size() * sizeof(bpf_insn));
    return code;
}

}  // namespace

bool libpcap_matches(const packet::ClassicProgram& program, const Bytes& packet) {
    std::vector<bpf_insn> code = as_libpcap_has_it(program);
    const bpf_program compiled{static_cast<u_int>(code.size()), code.data()};
    pcap_pkthdr header{};
    header.caplen = static_cast<bpf_u_int32>(packet.size());
    header.len = header.caplen;
    return pcap_offline_filter(&compiled, &header, packet.data()) != 0;
}

bool libpcap_accepts(const packet::ClassicProgram& program) {
    const std::vector<bpf_insn> code = as_libpcap_has_it(program);
    return bpf_validate(code.data(), static_cast<int>(code.size())) != 0;
}

bool reads_unset_memory(const packet::ClassicProgram& program) {
    using Words = std::bitset<BPF_MEMWORDS>;
    std::vector<Words> set(program.size(), Words().set());
    std::vector<bool> reached(program.size());
    std::vector<std::pair<size_t, Words>> open = {{0, Words()}};
    while (!open.empty()) {
        auto [at, words] = open.back();
        open.pop_back();
        const sock_filter& insn = program[at];
        words &= set[at];
        if (reached[at] && words == set[at]) {
            continue;
        }
        reached[at] = true;
        set[at] = words;
        const uint16_t kind = BPF_CLASS(insn.code);
        if ((kind == BPF_LD || kind == BPF_LDX) && BPF_MODE(insn.code) == BPF_MEM &&
            !words[insn.k]) {
            return true;
        }
        if (kind == BPF_ST || kind == BPF_STX) {
            words.set(insn.k);
        }
        if (kind == BPF_JMP && BPF_OP(insn.code) == BPF_JA) {
            open.emplace_back(at + 1 + static_cast<size_t>(static_cast<int32_t>(insn.k)), words);
        } else if (kind == BPF_JMP) {
            open.emplace_back(at + 1 + insn.jt, words);
            open.emplace_back(at + 1 + insn.jf, words);
        } else if (kind != BPF_RET) {
            open.emplace_back(at + 1, words);
        }
    }
    return false;
}

}  // namespace test
