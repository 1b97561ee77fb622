# SPDX-License-Identifier: GPL-2.0-only
# fish completion for pidcap(8).

function __pidcap_capture
    not __pidcap_in doctor; and not __pidcap_in setup-wireshark
end

function __pidcap_in
    contains -- $argv[1] (commandline -opc)
end

complete -c pidcap -f
complete -c pidcap -n '__pidcap_capture' -a doctor -d 'What this machine grants'
complete -c pidcap -n __pidcap_capture -a setup-wireshark -d 'pidcap in Wireshark'
complete -c pidcap -n '__pidcap_in doctor' -l json -d 'For programs'
complete -c pidcap -n '__pidcap_in setup-wireshark' -l remove -d 'Undo it'
complete -c pidcap -n '__pidcap_in setup-wireshark' -l check -d 'What is there, what is missing'
complete -c pidcap -n '__pidcap_in setup-wireshark' -l group -x -a '(__fish_complete_groups)' -d 'Who may capture'
complete -c pidcap -s h -l help -d 'Show help'

complete -c pidcap -n __pidcap_capture -s i -x -a 'any (path basename /sys/class/net/*)' -d 'Interface'
complete -c pidcap -n __pidcap_capture -l netns -x -a 'all (path basename /run/netns/*)' -d 'Network namespace'
complete -c pidcap -n __pidcap_capture -l tracing -x -a 'auto fentry kprobe syscalls' -d 'How users of sockets are seen'
complete -c pidcap -n __pidcap_capture -l no-process -d 'Find no processes'
complete -c pidcap -n __pidcap_capture -l hook -x -a 'tc xdp cgroup' -d 'Where packets are taken'
complete -c pidcap -n __pidcap_capture -s Q -x -a 'in out inout' -d 'Direction'
complete -c pidcap -n __pidcap_capture -s D -d 'List the interfaces'
complete -c pidcap -n __pidcap_capture -l filter -x -d 'Which packets'
complete -c pidcap -n __pidcap_capture -s F -r -F -d 'Which packets, from a file'
complete -c pidcap -n __pidcap_capture -s d -d 'List the filter'
complete -c pidcap -n __pidcap_capture -l pid -x -a '(__fish_complete_pids)' -d 'Process'
complete -c pidcap -n __pidcap_capture -l comm -x -a '(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)' -d 'Processes with this name'
complete -c pidcap -n __pidcap_capture -l exe -r -F -d 'Processes with this executable'
complete -c pidcap -n __pidcap_capture -l cmdline -x -d 'Processes with this command line'
complete -c pidcap -n __pidcap_capture -l uid -x -a '(__fish_complete_users)' -d 'Processes of this user'
complete -c pidcap -n __pidcap_capture -l user -x -a '(__fish_complete_users)' -d 'Processes of this user'
complete -c pidcap -n __pidcap_capture -l gid -x -a '(__fish_complete_groups)' -d 'Processes of this group'
complete -c pidcap -n __pidcap_capture -l cgroup -x -a '(sed -n s/^0:://p /proc/[0-9]*/cgroup 2>/dev/null | sort -u)' -d 'Processes in this cgroup'
complete -c pidcap -n __pidcap_capture -l container -x -d 'Processes in this container'
complete -c pidcap -n __pidcap_capture -l unit -x -d 'Processes of this systemd unit'
complete -c pidcap -n __pidcap_capture -l tree -x -a '(__fish_complete_pids)' -d 'Process and descendants'
complete -c pidcap -n __pidcap_capture -l process -x -d 'Processes for which this holds'
complete -c pidcap -n __pidcap_capture -s f -l follow -d 'Descendants too'
complete -c pidcap -n __pidcap_capture -l unattributed -d 'Only packets without a process'
complete -c pidcap -n __pidcap_capture -l kernel -d 'Only packets of the kernel'
complete -c pidcap -n __pidcap_capture -s w -r -F -d 'Write pcapng'
complete -c pidcap -n __pidcap_capture -s s -x -d 'Bytes to keep of each packet'
complete -c pidcap -n __pidcap_capture -l comments -x -a 'full intro short none' -d 'The comment on each packet'
complete -c pidcap -n __pidcap_capture -l process-blocks -d 'Describe processes in blocks, too'
complete -c pidcap -n __pidcap_capture -s B -l buffer -x -d 'Size of the buffers in KiB'
complete -c pidcap -n __pidcap_capture -s c -x -d 'End after so many packets'
complete -c pidcap -n __pidcap_capture -l duration -x -d 'End after a time'
complete -c pidcap -n __pidcap_capture -s v -d 'More of each process'
complete -c pidcap -n __pidcap_capture -s q -d 'Shorter lines'
complete -c pidcap -n __pidcap_capture -s n -d 'Numbers instead of user names'
complete -c pidcap -n __pidcap_capture -l color -x -a 'auto always never' -d 'Colour the processes'
complete -c pidcap -n __pidcap_capture -l version -d 'Show the version'
