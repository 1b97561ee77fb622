# SPDX-License-Identifier: GPL-2.0-only
# Builds for arm64 with the C library of Debian 11, to be linked with PIDCAP_STATIC=ALL.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(tree portable-arm64)
set(tree_maker "scripts/packages portable-arm64")
include(${CMAKE_CURRENT_LIST_DIR}/sysroot.cmake)
# The tree's C library, before that which the compiler would find beside itself.
set(CMAKE_EXE_LINKER_FLAGS_INIT -B${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/)
