# SPDX-License-Identifier: GPL-2.0-only
# fish completion for pidcap(8).

# Whether the command is one of these.
function __pidcap_in
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv
end

function __pidcap_on_files
    __pidcap_in annotate events export extract flows keys merge processes read report
end

function __pidcap_capture
    not __pidcap_in doctor setup-wireshark status tls trigger; and not __pidcap_on_files
end

# Whether packets are chosen.
function __pidcap_select
    __pidcap_in events export extract flows processes read report; or __pidcap_capture
end

function __pidcap_select_of_file
    __pidcap_in events export extract flows processes read report
end

complete -c pidcap -f
complete -c pidcap -n '__pidcap_capture' -a doctor -d 'What this machine grants'
complete -c pidcap -n __pidcap_capture -a setup-wireshark -d 'pidcap in Wireshark'
complete -c pidcap -n __pidcap_capture -a status -d 'What recorders do'
complete -c pidcap -n __pidcap_capture -a tls -d 'TLS libraries of programs and processes'
complete -c pidcap -n __pidcap_capture -a trigger -d 'Make a recorder save packets'
complete -c pidcap -n __pidcap_capture -a annotate -d 'Put processes into a plain capture'
complete -c pidcap -n __pidcap_capture -a events -d 'Events of a file'
complete -c pidcap -n __pidcap_capture -a export -d 'Tables for databases'
complete -c pidcap -n __pidcap_capture -a extract -d 'Some of the packets'
complete -c pidcap -n __pidcap_capture -a flows -d 'Conversations of a file'
complete -c pidcap -n __pidcap_capture -a keys -d 'TLS keys of a file'
complete -c pidcap -n __pidcap_capture -a merge -d 'Several files in one'
complete -c pidcap -n __pidcap_capture -a processes -d 'Processes of a file'
complete -c pidcap -n __pidcap_capture -a read -d 'Packets of files'
complete -c pidcap -n __pidcap_capture -a report -d 'A page about a file'
complete -c pidcap -n __pidcap_on_files -F
complete -c pidcap -n '__pidcap_in tls' -F
complete -c pidcap -n '__pidcap_in tls' -a '(__fish_complete_pids)'
complete -c pidcap -n '__pidcap_in tls' -l json -d 'An array of objects'
complete -c pidcap -n __pidcap_select_of_file -l after -x -d 'From this time on'
complete -c pidcap -n __pidcap_select_of_file -l interface -x -d 'Packets of this interface'
complete -c pidcap -n __pidcap_select_of_file -l netns -x -d 'Packets of this network namespace'
complete -c pidcap -n __pidcap_select_of_file -l before -x -d 'Before this time'
complete -c pidcap -n '__pidcap_in annotate' -l from -r -F -d 'Conversations'
complete -c pidcap -n '__pidcap_in export' -l format -x -a 'parquet jsonl csv' -d 'The form of the table'
complete -c pidcap -n '__pidcap_in export' -l table -x -a 'packets flows processes' -d 'What the rows are'
complete -c pidcap -n '__pidcap_in export report' -s o -r -F -d 'The file to write'
complete -c pidcap -n '__pidcap_in extract' -l split -x -a 'process container user' -d 'A file for each'
complete -c pidcap -n '__pidcap_in extract' -l max-files -x -d 'At most so many files'
complete -c pidcap -n '__pidcap_in extract' -l comments -x -a short -d 'Without details of processes'
complete -c pidcap -n '__pidcap_in extract' -l without-keys -d 'Without keys for decryption'
complete -c pidcap -n '__pidcap_in flows processes' -l sort -x -d 'By this column'
complete -c pidcap -n '__pidcap_in events flows processes' -l csv -d 'As CSV'
complete -c pidcap -n '__pidcap_in events flows processes export' -l csv-safe -d 'As CSV without formulas'
complete -c pidcap -n '__pidcap_in events flows processes' -l json -d 'A JSON object a line'
complete -c pidcap -n '__pidcap_in read' -l count -d 'Only the number of packets'
complete -c pidcap -n '__pidcap_in merge' -l host -x -d 'The host of a file'
complete -c pidcap -n '__pidcap_in doctor' -l json -d 'For programs'
complete -c pidcap -n '__pidcap_in doctor' -l btf -r -F -d 'The kernel\'s type information'
complete -c pidcap -n '__pidcap_in setup-wireshark' -l remove -d 'Undo it'
complete -c pidcap -n '__pidcap_in setup-wireshark' -l check -d 'What is there, what is missing'
complete -c pidcap -n '__pidcap_in setup-wireshark' -l group -x -a '(__fish_complete_groups)' -d 'Who may capture'
complete -c pidcap -s h -l help -d 'Show help'

complete -c pidcap -n __pidcap_capture -l config -r -F -d 'Options from a file'
complete -c pidcap -n __pidcap_capture -s i -l interface -x -a 'any (path basename /sys/class/net/*)' -d 'Interface'
complete -c pidcap -n __pidcap_capture -l netns -x -a 'all (path basename /run/netns/*)' -d 'Network namespace'
complete -c pidcap -n __pidcap_capture -l tracing -x -a 'auto fentry kprobe syscalls' -d 'How users of sockets are seen'
complete -c pidcap -n __pidcap_capture -l btf -r -F -d 'The kernel\'s type information'
complete -c pidcap -n __pidcap_capture -l no-process -d 'Find no processes'
complete -c pidcap -n __pidcap_capture -l hook -x -a 'tc xdp cgroup' -d 'Where packets are taken'
complete -c pidcap -n __pidcap_capture -s Q -l direction -x -a 'in out inout' -d 'Direction'
complete -c pidcap -n __pidcap_capture -s p -l no-promiscuous-mode -d 'No promiscuous mode'
complete -c pidcap -n __pidcap_capture -s D -l list-interfaces -d 'List the interfaces'
complete -c pidcap -n __pidcap_capture -s L -l list-data-link-types -d 'List the link types'
complete -c pidcap -n __pidcap_capture -s y -l linktype -x -a 'EN10MB RAW' -d 'Link type'
complete -c pidcap -n __pidcap_select -l filter -x -d 'Which packets'
complete -c pidcap -n __pidcap_select_of_file -s F -r -F -d 'Which packets, from a file'
complete -c pidcap -n __pidcap_capture -s F -l filter-file -r -F -d 'Which packets, from a file'
complete -c pidcap -n __pidcap_capture -s d -d 'List the filter'
complete -c pidcap -n __pidcap_capture -l ebpf -d 'With -d: in eBPF'
complete -c pidcap -n __pidcap_capture -s O -l no-optimize -d 'Do not optimize the filter'
complete -c pidcap -n __pidcap_select -l pid -x -a '(__fish_complete_pids)' -d 'Process'
complete -c pidcap -n __pidcap_select -l comm -x -a '(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)' -d 'Processes with this name'
complete -c pidcap -n __pidcap_select -l exe -r -F -d 'Processes with this executable'
complete -c pidcap -n __pidcap_select -l cmdline -x -d 'Processes with this command line'
complete -c pidcap -n __pidcap_select -l uid -x -a '(__fish_complete_users)' -d 'Processes of this user'
complete -c pidcap -n __pidcap_select -l user -x -a '(__fish_complete_users)' -d 'Processes of this user'
complete -c pidcap -n __pidcap_capture -l gid -x -a '(__fish_complete_groups)' -d 'Processes of this group'
complete -c pidcap -n __pidcap_select -l cgroup -x -a '(sed -n s/^0:://p /proc/[0-9]*/cgroup 2>/dev/null | sort -u)' -d 'Processes in this cgroup'
complete -c pidcap -n __pidcap_select -l container -x -d 'Processes in this container'
complete -c pidcap -n __pidcap_select -l unit -x -d 'Processes of this systemd unit'
complete -c pidcap -n __pidcap_select -l tree -x -a '(__fish_complete_pids)' -d 'Process and descendants'
complete -c pidcap -n __pidcap_select -l process -x -d 'Processes for which this holds'
complete -c pidcap -n __pidcap_select -s f -l follow -d 'Descendants too'
complete -c pidcap -n __pidcap_select -l unattributed -d 'Only packets without a process'
complete -c pidcap -n __pidcap_select -l kernel -d 'Only packets of the kernel'
complete -c pidcap -n '__pidcap_in annotate extract merge read' -s w -r -F -d 'Write pcapng'
complete -c pidcap -n '__pidcap_in keys' -s w -r -F -d 'Write a key log'
complete -c pidcap -n __pidcap_capture -s w -l write -r -F -d 'Write pcapng'
complete -c pidcap -n __pidcap_capture -s C -l rotate-size -x -d 'Another file when one is larger'
complete -c pidcap -n __pidcap_capture -s G -l rotate-time -x -d 'Another file after each interval'
complete -c pidcap -n __pidcap_capture -l rotate-at-clock -d 'Intervals lie on multiples of their length'
complete -c pidcap -n __pidcap_capture -l rotate-at-start -d 'Intervals are counted from the start'
complete -c pidcap -n __pidcap_capture -s W -l rotate-count -x -d 'How many files'
complete -c pidcap -n __pidcap_capture -s z -l rotate-command -x -a '(__fish_complete_command)' -d 'Run for each complete file'
complete -c pidcap -n __pidcap_capture -l keep-free -x -d 'Remove the oldest files when less is free'
complete -c pidcap -n '__pidcap_in annotate events export extract merge report; or __pidcap_capture' -l mode -x -a '600 640 644' -d 'The mode of a file that is made'
complete -c pidcap -n __pidcap_capture -s Z -l run-as -x -a '(__fish_complete_users)' -d 'Become this user'
complete -c pidcap -n __pidcap_capture -l command-user -x -a '(__fish_complete_users)' -d 'Run the command as this user'
complete -c pidcap -n __pidcap_capture -l ring -x -d 'Keep the latest packets in memory'
complete -c pidcap -n __pidcap_capture -l before -x -d 'Save from so long before a trigger'
complete -c pidcap -n __pidcap_capture -l after -x -d 'Save until so long after a trigger'
complete -c pidcap -n __pidcap_capture -l trigger -x -d 'Trigger at such packets'
complete -c pidcap -n '__pidcap_in trigger; or __pidcap_capture' -l name -x -d 'Name of the recorder'
complete -c pidcap -n '__pidcap_in trigger' -l note -x -d 'Goes into the file'
complete -c pidcap -n __pidcap_capture -l compress -x -a 'zstd none' -d 'Compress files while they are written'
complete -c pidcap -n __pidcap_capture -s s -l snaplen -x -d 'Bytes to keep of each packet'
complete -c pidcap -n __pidcap_capture -l comments -x -a 'full intro short none' -d 'The comment on each packet'
complete -c pidcap -n __pidcap_capture -l process-blocks -d 'Describe processes in blocks, too'
complete -c pidcap -n __pidcap_capture -l tls-keys -d 'With the secrets of TLS connections'
complete -c pidcap -n __pidcap_capture -l tls-plaintext -d 'With what passes through TLS libraries'
complete -c pidcap -n __pidcap_capture -l tls-wait -x -d 'How long packets wait for secrets'
complete -c pidcap -n __pidcap_capture -s B -l buffer -x -d 'Size of the buffers in KiB'
complete -c pidcap -n __pidcap_select_of_file -s c -x -d 'End after so many packets'
complete -c pidcap -n __pidcap_capture -s c -l count -x -d 'End after so many packets'
complete -c pidcap -n __pidcap_capture -l duration -x -d 'End after a time'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s r -r -F -d 'Read packets from a file'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s v -l verbose -d 'More of each packet and process'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s q -l quiet -d 'Shorter lines'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s n -d 'Numbers instead of user names'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s e -d 'The link-layer header'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s S -l absolute-tcp-sequence-numbers -d 'TCP numbers as in the packet'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s K -l dont-verify-checksums -d 'No checksums'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s x -d 'Bytes in hex'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s X -d 'Bytes in hex and ASCII'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s A -d 'Bytes as text'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s \# -l number -d 'Numbers of packets'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -s t -d 'Another form of the time'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -l time-stamp-precision -x -a 'micro nano' -d 'Digits of the second'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -l micro -d 'Six digits of the second'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -l nano -d 'Nine digits of the second'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -l color -x -a 'auto always never' -d 'Colour the processes'
complete -c pidcap -n '__pidcap_in read; or __pidcap_capture' -l json -d 'A JSON object a line'
complete -c pidcap -n __pidcap_capture -l print -d 'With -w: lines, too'
complete -c pidcap -n __pidcap_capture -l version -d 'Show the version'
