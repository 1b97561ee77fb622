# SPDX-License-Identifier: GPL-2.0-only
# Cross-builds for arm64; what it builds runs by qemu-user.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(tree arm64)
set(tree_maker "scripts/packages arm64")
include(${CMAKE_CURRENT_LIST_DIR}/sysroot.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-L;${CMAKE_SYSROOT})
