#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# hardening_test.sh OBJDUMP PROGRAM…: what cmake/hardening.cmake asks for is in these programs.
set -uo pipefail
failed=0
objdump=$1
shift

# expect WHAT PATTERN LEAST: so many lines of `text` have it.
expect() {
    local count
    count=$(grep -cE -- "$2" <<<"$text")
    [ "$count" -ge "$3" ] || { echo "$program: $1: $count of $3"; failed=1; }
}

for program in "$@"; do
    text=$(readelf --wide --file-header --program-headers --dynamic --dyn-syms "$program") || failed=1
    expect 'position-independent' '^ *Type: *DYN .*Position-Independent' 1
    expect 'relocations are read-only' 'GNU_RELRO' 1
    expect 'all symbols are bound at the start' '\(FLAGS\).*BIND_NOW' 1
    expect 'stack protector' ' __stack_chk_fail@' 1
    expect 'checked library calls' ' __[a-z]+_chk@' 2
    expect "checks of the standard library's containers" ' _ZSt21__glibcxx_assert_fail' 1
    case $text in
        *'Machine: '*X86-64*)
            text=$("$objdump" --disassemble --no-show-raw-insn "$program")
            expect 'big stack frames are touched page by page' 'orq +\$0x0,\(%rsp\)' 1
            expect 'jump targets are marked' 'endbr64' 1000
            ;;
        *'Machine: '*AArch64*)
            text=$("$objdump" --disassemble --no-show-raw-insn "$program")
            expect 'big stack frames are touched page by page' 'str\s+xzr, \[sp, #1024\]' 1
            expect 'jump targets are marked' '\s(bti|paciasp)(\s|$)' 1000
            expect 'return addresses are signed' '\sautiasp' 1000
            ;;
    esac
done
exit "$failed"
