# SPDX-License-Identifier: GPL-2.0-only
# bash completion for pidcap(8). Works with and without the bash-completion package.

_pidcap() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} i
    COMPREPLY=()

    # After "--" it is another command's line.
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            if declare -F _command_offset >/dev/null; then
                _command_offset $((i + 1))
            elif ((COMP_CWORD == i + 1)); then
                mapfile -t COMPREPLY < <(compgen -c -- "$word")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            fi
            return
        fi
    done

    local words
    case $previous in
        -i) words="any $(cd /sys/class/net && echo *)" ;;
        --interface) [[ " annotate events export extract flows keys merge processes read report " == *" ${COMP_WORDS[1]} "* ]] || words="any $(cd /sys/class/net && echo *)" ;;
        --netns) [[ " annotate events export extract flows keys merge processes read report " == *" ${COMP_WORDS[1]} "* ]] || words="all $(cd /run/netns 2>/dev/null && echo *)" ;;
        --hook) words="tc xdp cgroup" ;;
        --tracing) words="auto fentry kprobe syscalls" ;;
        -Q | --direction) words="in out inout" ;;
        -r | -w | --write | -F | --filter-file | -o | --from | --config | --btf)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --pid | --tree) words=$(cd /proc && echo [0-9]*) ;;
        --comm)
            mapfile -t COMPREPLY < <(compgen -W "$(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)" -- "$word")
            return
            ;;
        --uid | --user | -Z | --run-as | --command-user)
            mapfile -t COMPREPLY < <(compgen -u -- "$word")
            return
            ;;
        --gid | --group)
            mapfile -t COMPREPLY < <(compgen -g -- "$word")
            return
            ;;
        --exe)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --cgroup)
            mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^0:://p' /proc/[0-9]*/cgroup 2>/dev/null | sort -u)" -- "$word")
            return
            ;;
        --comments) words="full intro short none" ;;
        --partition) words="host,date,hour date,hour host,date" ;;
        --color) words="auto always never" ;;
        --time-stamp-precision) words="micro nano" ;;
        -y | --linktype) words="EN10MB RAW" ;;
        --compress) words="zstd none" ;;
        -z | --rotate-command)
            mapfile -t COMPREPLY < <(compgen -c -- "$word")
            return
            ;;
        --name) words=$(cd /run/pidcap 2>/dev/null && for name in *.sock; do echo "${name%.sock}"; done) ;;
        --format) words="parquet jsonl csv" ;;
        --table) words="packets flows processes events" ;;
        --view) words="processes tree conversations remotes" ;;
        --split) words="process container user" ;;
        --names) words="pidcap ecs" ;;
        --to) words="unix: tcp:" ;;
        --after | --before | --host | --sort | --idle | --active | --most-flows | --ipfix | --ipfix-enterprise | --filter | -C | --rotate-size | -G | --rotate-time | -W | --rotate-count | --keep-free | --ring | --trigger | --note | --mode | -s | --snaplen | -B | --buffer | -c | --count | --delay | --duration | --cmdline | --container | --container-name | --image | --pod | --unit | --process) return ;;
        *)
            local looks="-v --verbose -q --quiet -n -e -S --absolute-tcp-sequence-numbers -K --dont-verify-checksums -x -X -A -# --number -t --time-stamp-precision --micro --nano --color"
            words="--config -i --interface --netns --hook --tracing --btf -Q --direction -p --no-promiscuous-mode -D --list-interfaces -L --list-data-link-types -y --linktype --filter -F --filter-file -d --ebpf -O --no-optimize --pid --comm --exe --cmdline --uid --user --gid --cgroup --container --container-name --image --pod
                   --unit --tree --process -f --follow --unattributed --kernel -w --write -C --rotate-size -G --rotate-time --rotate-at-clock --rotate-at-start
                   -W --rotate-count -z --rotate-command --keep-free --ring --before --after --trigger --name --compress --mode -Z --run-as --command-user -s --snaplen --comments --no-process --process-blocks --container-addresses --tls-keys --tls-wait --tls-plaintext --event --sample --no-packets --kernel-addresses -B --buffer -c --count --duration
                   $looks --json --print -h --help --version --"
            local commands="annotate doctor events export extract flows keys merge processes read report setup-wireshark status tls top trigger"
            local selection="--filter -F --interface --netns --after --before -c --pid --comm --exe --cmdline --uid --user --cgroup --container --container-name --image --pod --unit
                             --tree --process -f --follow --unattributed --kernel -h --help"
            if ((COMP_CWORD > 1)); then
                case ${COMP_WORDS[1]} in
                    annotate) words="--from -w --mode -h --help" ;;
                    doctor) words="--json --btf -h --help" ;;
                    events) words="--csv --csv-safe --json $selection" ;;
                    export) words="--format --table --csv-safe -o --partition --host --mode $selection" ;;
                    extract) words="-w --mode --split --max-files --comments --without-keys $selection" ;;
                    flows) words="--sort --csv --csv-safe --json -i --live --join --host --records --idle --active --most-flows --names --to --ipfix --ipfix-enterprise $selection" ;;
                    processes) words="--sort --csv --csv-safe --json -i --live $selection" ;;
                    keys) words="-w -h --help" ;;
                    merge) words="-w --mode --host -h --help" ;;
                    read) words="-r -w --count --json $looks $selection" ;;
                    report) words="-o --mode -i --live $selection" ;;
                    setup-wireshark) words="--remove --check --group -h --help" ;;
                    status) words="--json -h --help" ;;
                    tls) words="--json -h --help" ;;
                    top) words="-d --delay -n --count --once --json --view --sort --hook -i --interface --netns --tracing --btf --filter -F --filter-file --pid --comm
                                --exe --cmdline --uid --user --gid --cgroup --container --container-name --image --pod --unit --tree --process -f --follow --unattributed --kernel -h --help" ;;
                    trigger) words="--note --name -h --help" ;;
                esac
                if [[ $word != -* && " annotate events export extract flows keys merge processes read report tls " == *" ${COMP_WORDS[1]} "* ]]; then
                    compopt -o filenames 2>/dev/null
                    mapfile -t COMPREPLY < <(compgen -f -- "$word")
                    return
                fi
            else
                words+=" $commands"
            fi
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _pidcap pidcap
