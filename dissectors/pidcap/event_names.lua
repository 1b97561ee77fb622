-- SPDX-License-Identifier: GPL-2.0-only
--
-- Made by scripts/event-names: the names of events and of their fields, which Wireshark has to know before it reads a file.
-- Where the fields are is in the file. Kinds: n number, s signed, p pointer, 4 and 6 addresses, a socket address, t text,
-- b bytes; ! the number has names.
return {
    ["bridge:br_fdb_add"] = "common_pid:s ndm_flags:n dev:t addr:t vid:n nlh_flags:n",
    ["bridge:br_fdb_external_learn_add"] = "common_pid:s br_dev:t dev:t addr:t vid:n",
    ["bridge:br_fdb_update"] = "common_pid:s br_dev:t dev:t addr:t vid:n flags:n",
    ["bridge:br_mdb_full"] = "common_pid:s dev:t af:s vid:n src:6 grp:6 grpmac:b",
    ["bridge:fdb_delete"] = "common_pid:s br_dev:t dev:t addr:t vid:n",
    ["capability:cap_capable"] = "common_pid:s cred:p target_ns:p capable_ns:p cap:s ret:s",
    ["drop:packet"] = "reason:n! symbol:t end:n! device:t ifindex:n netns:n protocol:n! length:n location:p " ..
        "data:b",
    ["fib6:fib6_table_lookup"] = "common_pid:s tb_id:n err:s oif:s iif:s flowlabel:n tos:n scope:n flags:n " ..
        "src:6 dst:6 sport:n dport:n proto:n rt_type:n name:t gw:6",
    ["fib:fib_table_lookup"] = "common_pid:s tb_id:n err:s oif:s iif:s proto:n tos:n scope:n flags:n src:4 " ..
        "dst:4 gw4:4 gw6:6 sport:n dport:n name:t",
    ["icmp:icmp_send"] = "common_pid:s skbaddr:p type:s code:s saddr:4 daddr:4 sport:n dport:n ulen:n",
    ["mptcp:ack_update_msk"] = "common_pid:s data_ack:n old_snd_una:n new_snd_una:n new_wnd_end:n " ..
        "msk_wnd_end:n",
    ["mptcp:get_mapping_status"] = "common_pid:s data_ack:n data_seq:n subflow_seq:n data_len:n csum:n " ..
        "use_map:n dsn64:n data_fin:n use_ack:n ack64:n mpc_map:n frozen:n reset_transient:n reset_reason:n " ..
        "csum_reqd:n infinite_map:n",
    ["mptcp:mptcp_rcvbuf_grow"] = "common_pid:s time:s rtt_us:n copied:n inq:n space:n ooo_space:n rcvbuf:n " ..
        "rcv_wnd:n scaling_ratio:n sport:n dport:n family:n saddr:4 daddr:4 saddr_v6:6 daddr_v6:6 skaddr:p",
    ["mptcp:mptcp_sendmsg_frag"] = "common_pid:s data_ack:n data_seq:n subflow_seq:n data_len:n csum:n " ..
        "use_map:n dsn64:n data_fin:n use_ack:n ack64:n mpc_map:n frozen:n reset_transient:n reset_reason:n " ..
        "csum_reqd:n infinite_map:n",
    ["mptcp:mptcp_subflow_get_send"] = "common_pid:s active:n free:n snd_wnd:n pace:n backup:n ratio:n",
    ["mptcp:subflow_check_data_avail"] = "common_pid:s status:n! skb:p",
    ["napi:dql_stall_detected"] = "common_pid:s thrs:n len:n last_reap:n hist_head:n now:n hist:b",
    ["napi:napi_poll"] = "common_pid:s napi:p dev_name:t work:s budget:s",
    ["neigh:neigh_cleanup_and_release"] = "common_pid:s family:n dev:t lladdr:b lladdr_len:n flags:n " ..
        "nud_state:n! type:n dead:n refcnt:s primary_key4:4 primary_key6:6 confirmed:n updated:n used:n err:n",
    ["neigh:neigh_create"] = "common_pid:s family:n dev:t entries:s created:n gc_exempt:n primary_key4:4 " ..
        "primary_key6:6",
    ["neigh:neigh_event_send_dead"] = "common_pid:s family:n dev:t lladdr:b lladdr_len:n flags:n nud_state:n! " ..
        "type:n dead:n refcnt:s primary_key4:4 primary_key6:6 confirmed:n updated:n used:n err:n",
    ["neigh:neigh_event_send_done"] = "common_pid:s family:n dev:t lladdr:b lladdr_len:n flags:n nud_state:n! " ..
        "type:n dead:n refcnt:s primary_key4:4 primary_key6:6 confirmed:n updated:n used:n err:n",
    ["neigh:neigh_timer_handler"] = "common_pid:s family:n dev:t lladdr:b lladdr_len:n flags:n nud_state:n! " ..
        "type:n dead:n refcnt:s primary_key4:4 primary_key6:6 confirmed:n updated:n used:n err:n",
    ["neigh:neigh_update"] = "common_pid:s family:n dev:t lladdr:b lladdr_len:n flags:n nud_state:n! type:n " ..
        "dead:n refcnt:s primary_key4:4 primary_key6:6 confirmed:n updated:n used:n new_lladdr:b new_state:n! " ..
        "update_flags:n pid:n",
    ["neigh:neigh_update_done"] = "common_pid:s family:n dev:t lladdr:b lladdr_len:n flags:n nud_state:n! " ..
        "type:n dead:n refcnt:s primary_key4:4 primary_key6:6 confirmed:n updated:n used:n err:n",
    ["net:napi_gro_frags_entry"] = "common_pid:s name:t napi_id:n queue_mapping:n skbaddr:p vlan_tagged:n " ..
        "vlan_proto:n vlan_tci:n protocol:n ip_summed:n hash:n l4_hash:n len:n data_len:n truesize:n " ..
        "mac_header_valid:n mac_header:s nr_frags:n gso_size:n gso_type:n net_cookie:n",
    ["net:napi_gro_frags_exit"] = "common_pid:s ret:s",
    ["net:napi_gro_receive_entry"] = "common_pid:s name:t napi_id:n queue_mapping:n skbaddr:p vlan_tagged:n " ..
        "vlan_proto:n vlan_tci:n protocol:n ip_summed:n hash:n l4_hash:n len:n data_len:n truesize:n " ..
        "mac_header_valid:n mac_header:s nr_frags:n gso_size:n gso_type:n net_cookie:n",
    ["net:napi_gro_receive_exit"] = "common_pid:s ret:s",
    ["net:net_dev_queue"] = "common_pid:s skbaddr:p len:n name:t net_cookie:n",
    ["net:net_dev_start_xmit"] = "common_pid:s name:t queue_mapping:n skbaddr:p vlan_tagged:n vlan_proto:n " ..
        "vlan_tci:n protocol:n ip_summed:n len:n data_len:n network_offset:s transport_offset_valid:n " ..
        "transport_offset:s tx_flags:n gso_size:n gso_segs:n gso_type:n net_cookie:n",
    ["net:net_dev_xmit"] = "common_pid:s skbaddr:p len:n rc:s name:t net_cookie:n",
    ["net:net_dev_xmit_timeout"] = "common_pid:s name:t driver:t queue_index:s net_cookie:n",
    ["net:netif_receive_skb"] = "common_pid:s skbaddr:p len:n name:t net_cookie:n",
    ["net:netif_receive_skb_entry"] = "common_pid:s name:t napi_id:n queue_mapping:n skbaddr:p vlan_tagged:n " ..
        "vlan_proto:n vlan_tci:n protocol:n ip_summed:n hash:n l4_hash:n len:n data_len:n truesize:n " ..
        "mac_header_valid:n mac_header:s nr_frags:n gso_size:n gso_type:n net_cookie:n",
    ["net:netif_receive_skb_exit"] = "common_pid:s ret:s",
    ["net:netif_receive_skb_list_entry"] = "common_pid:s name:t napi_id:n queue_mapping:n skbaddr:p " ..
        "vlan_tagged:n vlan_proto:n vlan_tci:n protocol:n ip_summed:n hash:n l4_hash:n len:n data_len:n " ..
        "truesize:n mac_header_valid:n mac_header:s nr_frags:n gso_size:n gso_type:n net_cookie:n",
    ["net:netif_receive_skb_list_exit"] = "common_pid:s ret:s",
    ["net:netif_rx"] = "common_pid:s skbaddr:p len:n name:t net_cookie:n",
    ["net:netif_rx_entry"] = "common_pid:s name:t napi_id:n queue_mapping:n skbaddr:p vlan_tagged:n " ..
        "vlan_proto:n vlan_tci:n protocol:n ip_summed:n hash:n l4_hash:n len:n data_len:n truesize:n " ..
        "mac_header_valid:n mac_header:s nr_frags:n gso_size:n gso_type:n net_cookie:n",
    ["net:netif_rx_exit"] = "common_pid:s ret:s",
    ["net:netif_rx_ni_entry"] = "common_pid:s name:t napi_id:n queue_mapping:n skbaddr:p vlan_tagged:n " ..
        "vlan_proto:n vlan_tci:n protocol:n ip_summed:n hash:n l4_hash:n len:n data_len:n truesize:n " ..
        "mac_header_valid:n mac_header:s nr_frags:n gso_size:n gso_type:n",
    ["net:netif_rx_ni_exit"] = "common_pid:s ret:s",
    ["netlink:netlink_extack"] = "common_pid:s msg:t",
    ["oom:compact_retry"] = "common_pid:s order:s priority:s! result:s! retries:s max_retries:s ret:n",
    ["oom:finish_task_reaping"] = "common_pid:s pid:s",
    ["oom:mark_victim"] = "common_pid:s pid:s comm:t total_vm:n anon_rss:n file_rss:n shmem_rss:n uid:n " ..
        "pgtables:n oom_score_adj:s",
    ["oom:oom_score_adj_update"] = "common_pid:s pid:s comm:t oom_score_adj:s",
    ["oom:reclaim_retry_zone"] = "common_pid:s node:s zone_idx:s! order:s reclaimable:n available:n " ..
        "min_wmark:n no_progress_loops:s wmark_check:n",
    ["oom:skip_task_reaping"] = "common_pid:s pid:s",
    ["oom:start_task_reaping"] = "common_pid:s pid:s",
    ["oom:wake_reaper"] = "common_pid:s pid:s",
    ["process:exec"] = "exe:t cmdline:t cwd:t uid:n user:t ppid:n parent:t",
    ["process:exit"] = "exit_code:n signal:n! core_dumped:n duration_ns:n cpu_ns:n peak_rss:n exe:t",
    ["process:fork"] = "ppid:n parent:t exe:t cmdline:t",
    ["process:sample"] = "cpu_percent:n rss:n user_ns:n system_ns:n threads:n interval_ns:n interval_user_ns:n " ..
        "interval_system_ns:n",
    ["qdisc:qdisc_create"] = "common_pid:s dev:t kind:t parent:n",
    ["qdisc:qdisc_dequeue"] = "common_pid:s qdisc:p txq:p packets:s skbaddr:p ifindex:s handle:n parent:n " ..
        "txq_state:n",
    ["qdisc:qdisc_destroy"] = "common_pid:s dev:t kind:t parent:n handle:n",
    ["qdisc:qdisc_drop"] = "common_pid:s qdisc:p txq:p skbaddr:p ifindex:s handle:n parent:n reason:n! kind:t",
    ["qdisc:qdisc_enqueue"] = "common_pid:s qdisc:p txq:p skbaddr:p ifindex:s handle:n parent:n",
    ["qdisc:qdisc_reset"] = "common_pid:s dev:t kind:t parent:n handle:n",
    ["sched:sched_process_exec"] = "common_pid:s filename:t pid:s old_pid:s",
    ["sched:sched_process_exit"] = "common_pid:s comm:t pid:s prio:s group_dead:n",
    ["sched:sched_process_fork"] = "common_pid:s parent_comm:t parent_pid:s child_comm:t child_pid:s",
    ["sched:sched_process_free"] = "common_pid:s comm:t pid:s prio:s",
    ["sched:sched_process_hang"] = "common_pid:s comm:t pid:s",
    ["sched:sched_process_wait"] = "common_pid:s comm:t pid:s prio:s",
    ["signal:signal_deliver"] = "common_pid:s sig:s errno:s code:s sa_handler:n sa_flags:n",
    ["signal:signal_generate"] = "common_pid:s sig:s errno:s code:s comm:t pid:s group:s result:s",
    ["skb:consume_skb"] = "common_pid:s skbaddr:p location:p",
    ["skb:kfree_skb"] = "common_pid:s skbaddr:p location:p rx_sk:p protocol:n reason:n!",
    ["skb:skb_copy_datagram_iovec"] = "common_pid:s skbaddr:p len:s",
    ["sock:inet_sk_error_report"] = "common_pid:s error:s sport:n dport:n family:n! protocol:n! saddr:4 " ..
        "daddr:4 saddr_v6:6 daddr_v6:6",
    ["sock:inet_sock_set_state"] = "common_pid:s skaddr:p oldstate:s! newstate:s! sport:n dport:n family:n! " ..
        "protocol:n! saddr:4 daddr:4 saddr_v6:6 daddr_v6:6",
    ["sock:sk_data_ready"] = "common_pid:s skaddr:p family:n protocol:n ip:p",
    ["sock:sock_exceed_buf_limit"] = "common_pid:s name:t sysctl_mem:b allocated:s sysctl_rmem:s rmem_alloc:s " ..
        "sysctl_wmem:s wmem_alloc:s wmem_queued:s kind:s!",
    ["sock:sock_rcvqueue_full"] = "common_pid:s rmem_alloc:s truesize:n sk_rcvbuf:s",
    ["sock:sock_recv_length"] = "common_pid:s sk:p family:n! protocol:n! ret:s flags:s",
    ["sock:sock_send_length"] = "common_pid:s sk:p family:n! protocol:n! ret:s flags:s",
    ["socket:accept"] = "local:a remote:a protocol:n!",
    ["socket:bind"] = "errno:n! address:a protocol:n!",
    ["socket:close"] = "errno:n! local:a remote:a sent:n received:n rtt_us:n retransmissions:n protocol:n! " ..
        "duration_ns:n",
    ["socket:connect"] = "errno:n! remote:a local:a protocol:n! stage:n! duration_ns:n",
    ["socket:listen"] = "errno:n! local:a protocol:n! backlog:s",
    ["syscalls:sys_enter_accept"] = "common_pid:s __syscall_nr:s fd:s upeer_sockaddr:p upeer_addrlen:p",
    ["syscalls:sys_enter_accept4"] = "common_pid:s __syscall_nr:s fd:s upeer_sockaddr:p upeer_addrlen:p " ..
        "flags:s",
    ["syscalls:sys_enter_bind"] = "common_pid:s __syscall_nr:s fd:s umyaddr:p addrlen:s",
    ["syscalls:sys_enter_clone"] = "common_pid:s __syscall_nr:s clone_flags:n newsp:n parent_tidptr:p " ..
        "child_tidptr:p tls:n",
    ["syscalls:sys_enter_clone3"] = "common_pid:s __syscall_nr:s uargs:p size:n",
    ["syscalls:sys_enter_connect"] = "common_pid:s __syscall_nr:s fd:s uservaddr:p addrlen:s",
    ["syscalls:sys_enter_execve"] = "common_pid:s __syscall_nr:s filename:p argv:p envp:p",
    ["syscalls:sys_enter_execveat"] = "common_pid:s __syscall_nr:s fd:s filename:p argv:p envp:p flags:s",
    ["syscalls:sys_enter_exit"] = "common_pid:s __syscall_nr:s error_code:s",
    ["syscalls:sys_enter_exit_group"] = "common_pid:s __syscall_nr:s error_code:s",
    ["syscalls:sys_enter_fork"] = "common_pid:s __syscall_nr:s",
    ["syscalls:sys_enter_getpeername"] = "common_pid:s __syscall_nr:s fd:s usockaddr:p usockaddr_len:p",
    ["syscalls:sys_enter_getsockname"] = "common_pid:s __syscall_nr:s fd:s usockaddr:p usockaddr_len:p",
    ["syscalls:sys_enter_getsockopt"] = "common_pid:s __syscall_nr:s fd:s level:s optname:s optval:p optlen:p",
    ["syscalls:sys_enter_kill"] = "common_pid:s __syscall_nr:s pid:s sig:s",
    ["syscalls:sys_enter_listen"] = "common_pid:s __syscall_nr:s fd:s backlog:s",
    ["syscalls:sys_enter_recvfrom"] = "common_pid:s __syscall_nr:s fd:s ubuf:p size:n flags:n addr:p " ..
        "addr_len:p",
    ["syscalls:sys_enter_recvmmsg"] = "common_pid:s __syscall_nr:s fd:s mmsg:p vlen:n flags:n timeout:p",
    ["syscalls:sys_enter_recvmsg"] = "common_pid:s __syscall_nr:s fd:s msg:p flags:n",
    ["syscalls:sys_enter_sendmmsg"] = "common_pid:s __syscall_nr:s fd:s mmsg:p vlen:n flags:n",
    ["syscalls:sys_enter_sendmsg"] = "common_pid:s __syscall_nr:s fd:s msg:p flags:n",
    ["syscalls:sys_enter_sendto"] = "common_pid:s __syscall_nr:s fd:s buff:p len:n flags:n addr:p addr_len:s",
    ["syscalls:sys_enter_setsockopt"] = "common_pid:s __syscall_nr:s fd:s level:s optname:s optval:p optlen:s",
    ["syscalls:sys_enter_shutdown"] = "common_pid:s __syscall_nr:s fd:s how:s",
    ["syscalls:sys_enter_socket"] = "common_pid:s __syscall_nr:s family:s type:s protocol:s",
    ["syscalls:sys_enter_socketpair"] = "common_pid:s __syscall_nr:s family:s type:s protocol:s usockvec:p",
    ["syscalls:sys_enter_tgkill"] = "common_pid:s __syscall_nr:s tgid:s pid:s sig:s",
    ["syscalls:sys_enter_vfork"] = "common_pid:s __syscall_nr:s",
    ["syscalls:sys_exit_accept"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_accept4"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_bind"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_clone"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_clone3"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_connect"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_execve"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_execveat"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_exit"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_exit_group"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_fork"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_getpeername"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_getsockname"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_getsockopt"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_kill"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_listen"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_recvfrom"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_recvmmsg"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_recvmsg"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_sendmmsg"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_sendmsg"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_sendto"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_setsockopt"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_shutdown"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_socket"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_socketpair"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_tgkill"] = "common_pid:s __syscall_nr:s ret:s",
    ["syscalls:sys_exit_vfork"] = "common_pid:s __syscall_nr:s ret:s",
    ["task:task_newtask"] = "common_pid:s pid:s comm:t clone_flags:n oom_score_adj:s",
    ["task:task_prctl_unknown"] = "common_pid:s option:s arg2:n arg3:n arg4:n arg5:n",
    ["task:task_rename"] = "common_pid:s pid:s oldcomm:t newcomm:t oom_score_adj:s",
    ["tcp:tcp_ao_handshake_failure"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n keyid:n rnext:n maclen:n",
    ["tcp:tcp_ao_key_not_found"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n keyid:n rnext:n maclen:n",
    ["tcp:tcp_ao_mismatch"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a l3index:s " ..
        "sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n keyid:n rnext:n maclen:n",
    ["tcp:tcp_ao_rcv_sne_update"] = "common_pid:s net_cookie:n skaddr:p state:s! saddr:a daddr:a sport:n " ..
        "dport:n family:n! new_sne:n",
    ["tcp:tcp_ao_rnext_request"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n keyid:n rnext:n maclen:n",
    ["tcp:tcp_ao_snd_sne_update"] = "common_pid:s net_cookie:n skaddr:p state:s! saddr:a daddr:a sport:n " ..
        "dport:n family:n! new_sne:n",
    ["tcp:tcp_ao_synack_no_key"] = "common_pid:s net_cookie:n skaddr:p state:s! saddr:a daddr:a sport:n " ..
        "dport:n family:n! keyid:n rnext:n",
    ["tcp:tcp_ao_wrong_maclen"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n keyid:n rnext:n maclen:n",
    ["tcp:tcp_bad_csum"] = "common_pid:s skbaddr:p saddr:a daddr:a",
    ["tcp:tcp_cong_state_set"] = "common_pid:s skaddr:p sport:n dport:n family:n! saddr:4 daddr:4 saddr_v6:6 " ..
        "daddr_v6:6 cong_state:n",
    ["tcp:tcp_destroy_sock"] = "common_pid:s skaddr:p sport:n dport:n family:n! saddr:4 daddr:4 saddr_v6:6 " ..
        "daddr_v6:6 sock_cookie:n",
    ["tcp:tcp_hash_ao_required"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n",
    ["tcp:tcp_hash_bad_header"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n",
    ["tcp:tcp_hash_md5_mismatch"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n",
    ["tcp:tcp_hash_md5_required"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n",
    ["tcp:tcp_hash_md5_unexpected"] = "common_pid:s net_cookie:n skbaddr:p skaddr:p state:s! saddr:a daddr:a " ..
        "l3index:s sport:n dport:n family:n! fin:n syn:n rst:n psh:n ack:n",
    ["tcp:tcp_probe"] = "common_pid:s saddr:a daddr:a sport:n dport:n family:n! mark:n data_len:n snd_nxt:n " ..
        "snd_una:n snd_cwnd:n ssthresh:n snd_wnd:n srtt:n rcv_wnd:n sock_cookie:n skbaddr:p skaddr:p",
    ["tcp:tcp_rcv_space_adjust"] = "common_pid:s skaddr:p sport:n dport:n family:n! saddr:4 daddr:4 saddr_v6:6 " ..
        "daddr_v6:6 sock_cookie:n",
    ["tcp:tcp_rcvbuf_grow"] = "common_pid:s time:s rtt_us:n copied:n inq:n space:n ooo_space:n rcvbuf:n " ..
        "rcv_ssthresh:n window_clamp:n rcv_wnd:n scaling_ratio:n sport:n dport:n family:n! saddr:4 daddr:4 " ..
        "saddr_v6:6 daddr_v6:6 skaddr:p sock_cookie:n",
    ["tcp:tcp_receive_reset"] = "common_pid:s skaddr:p sport:n dport:n family:n! saddr:4 daddr:4 saddr_v6:6 " ..
        "daddr_v6:6 sock_cookie:n",
    ["tcp:tcp_retransmit_skb"] = "common_pid:s skbaddr:p skaddr:p state:s! sport:n dport:n family:n! saddr:4 " ..
        "daddr:4 saddr_v6:6 daddr_v6:6 err:s",
    ["tcp:tcp_retransmit_synack"] = "common_pid:s skaddr:p req:p sport:n dport:n family:n! saddr:4 daddr:4 " ..
        "saddr_v6:6 daddr_v6:6",
    ["tcp:tcp_send_reset"] = "common_pid:s skbaddr:p skaddr:p state:s! reason:n! saddr:a daddr:a sport:n " ..
        "dport:n family:n! saddr_v6:6 daddr_v6:6",
    ["tcp:tcp_sendmsg_locked"] = "common_pid:s skb_addr:p skb_len:s msg_left:s size_goal:s",
    ["tls:plaintext"] = "direction:n! library:n! function:n! connection:p fd:s! local:a remote:a asked:n " ..
        "passed:n offset:n missing:n bytes:b",
    ["udp:udp_fail_queue_rcv_skb"] = "common_pid:s rc:s sport:n dport:n family:n! saddr:a daddr:a lport:n",
    ["vsock:virtio_transport_alloc_pkt"] = "common_pid:s src_cid:n src_port:n dst_cid:n dst_port:n len:n " ..
        "type:n! op:n! flags:n zcopy:n",
    ["vsock:virtio_transport_recv_pkt"] = "common_pid:s src_cid:n src_port:n dst_cid:n dst_port:n len:n " ..
        "type:n! op:n! flags:n buf_alloc:n fwd_cnt:n",
    ["xdp:bpf_xdp_link_attach_failed"] = "common_pid:s msg:t",
    ["xdp:mem_connect"] = "common_pid:s xa:p mem_id:n mem_type:n! allocator:p rxq:p ifindex:s",
    ["xdp:mem_disconnect"] = "common_pid:s xa:p mem_id:n mem_type:n! allocator:p",
    ["xdp:mem_return_failed"] = "common_pid:s page:p mem_id:n mem_type:n!",
    ["xdp:verdict"] = "action:n! errno:n! program:n program_name:t device:t ifindex:n to_device:t to_ifindex:n " ..
        "netns:n packets:n length:n data:b",
    ["xdp:xdp_bulk_tx"] = "common_pid:s ifindex:s act:n! drops:s sent:s err:s",
    ["xdp:xdp_cpumap_enqueue"] = "common_pid:s map_id:s act:n! cpu:s drops:n processed:n to_cpu:s",
    ["xdp:xdp_cpumap_kthread"] = "common_pid:s map_id:s act:n! cpu:s drops:n processed:n sched:s xdp_pass:n " ..
        "xdp_drop:n xdp_redirect:n",
    ["xdp:xdp_devmap_xmit"] = "common_pid:s from_ifindex:s act:n! to_ifindex:s drops:s sent:s err:s",
    ["xdp:xdp_exception"] = "common_pid:s prog_id:s act:n! ifindex:s",
    ["xdp:xdp_redirect"] = "common_pid:s prog_id:s act:n! ifindex:s err:s to_ifindex:s map_id:n map_index:s",
    ["xdp:xdp_redirect_err"] = "common_pid:s prog_id:s act:n! ifindex:s err:s to_ifindex:s map_id:n " ..
        "map_index:s",
    ["xdp:xdp_redirect_map"] = "common_pid:s prog_id:s act:n! ifindex:s err:s to_ifindex:s map_id:n " ..
        "map_index:s",
    ["xdp:xdp_redirect_map_err"] = "common_pid:s prog_id:s act:n! ifindex:s err:s to_ifindex:s map_id:n " ..
        "map_index:s",
}
