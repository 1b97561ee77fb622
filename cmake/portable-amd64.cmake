# SPDX-License-Identifier: GPL-2.0-only
# Builds for amd64 with the C library of Debian 11, to be linked with PIDCAP_STATIC=ALL.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_LIBRARY_ARCHITECTURE x86_64-linux-gnu)
set(tree portable-amd64)
set(tree_maker "scripts/packages portable-amd64")
include(${CMAKE_CURRENT_LIST_DIR}/sysroot.cmake)
# The tree's C library, before that which the compiler would find beside itself.
set(CMAKE_EXE_LINKER_FLAGS_INIT -B${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/)
