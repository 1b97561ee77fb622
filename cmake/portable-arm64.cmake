# SPDX-License-Identifier: GPL-2.0-only
# Builds for arm64 with the C library of Debian 11, to be linked with PIDCAP_STATIC=ALL.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(tree portable-arm64)
set(tree_maker "scripts/packages portable-arm64")
include(${CMAKE_CURRENT_LIST_DIR}/sysroot.cmake)
# The tree's C library, before that which the compiler would find beside itself.
set(CMAKE_EXE_LINKER_FLAGS_INIT -B${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/)
# And its headers before those that the cross-compiler has beside itself. The C++ library's must be in front of all.
set(CMAKE_CXX_FLAGS_INIT -nostdinc)
foreach(folder /usr/aarch64-linux-gnu/include/c++/12 /usr/aarch64-linux-gnu/include/c++/12/aarch64-linux-gnu
               /usr/aarch64-linux-gnu/include/c++/12/backward /usr/lib/gcc-cross/aarch64-linux-gnu/12/include
               ${CMAKE_SYSROOT}/usr/include/aarch64-linux-gnu ${CMAKE_SYSROOT}/usr/include)
    string(APPEND CMAKE_CXX_FLAGS_INIT " -isystem ${folder}")
endforeach()
