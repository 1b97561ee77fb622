# SPDX-License-Identifier: GPL-2.0-only
# `cpack -G RPM`, as scripts/package calls it for a portable build: a package that needs nothing but the C library. The same build
# gives the same bytes with SOURCE_DATE_EPOCH.
set(CPACK_GENERATOR RPM)
set(CPACK_PACKAGE_NAME pidcap)
set(CPACK_PACKAGE_VENDOR "The pidcap developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Packet capture that knows the process of each packet")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_RPM_COMPRESSION_TYPE xz)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_ARCHITECTURE ${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_RPM_PACKAGE_LICENSE GPL-2.0-only)
set(CPACK_RPM_PACKAGE_GROUP Applications/Internet)
set(CPACK_RPM_PACKAGE_DESCRIPTION
    "pidcap captures packets and says of each which process sent or received it. It asks the kernel's sockets with eBPF
while the packet passes, and writes pcapng files that Wireshark, tshark and tcpdump read.")
set(CPACK_RPM_PACKAGE_REQUIRES_POST /usr/bin/systemd-sysusers)
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE ${CMAKE_CURRENT_LIST_DIR}/rpm/post)
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${CMAKE_CURRENT_LIST_DIR}/rpm/preun)
set(CPACK_RPM_POST_UNINSTALL_SCRIPT_FILE ${CMAKE_CURRENT_LIST_DIR}/rpm/postun)
# Folders of others.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
    /usr/lib/systemd /usr/lib/systemd/system /usr/lib/sysusers.d /usr/lib64 /usr/lib64/wireshark /usr/lib64/wireshark/extcap
    /usr/lib64/wireshark/plugins /usr/libexec /usr/libexec/wireshark /usr/libexec/wireshark/extcap /usr/share/man /usr/share/man/man1 /usr/share/man/man7 /usr/share/man/man8
    /usr/share/doc /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/fish
    /usr/share/fish/vendor_completions.d /usr/share/zsh /usr/share/zsh/site-functions /usr/share/wireshark /usr/share/wireshark/profiles)
# The last: rpmbuild would strip and compress with this machine's tools.
set(CPACK_RPM_SPEC_MORE_DEFINE
    "%define _buildhost localhost
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _build_id_links none
%define __os_install_post %{nil}")
include(CPack)
