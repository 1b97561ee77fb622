# SPDX-License-Identifier: GPL-2.0-only
# Builds with Debian's compiler and a tree of Debian's packages, build/sysroot/TREE, which scripts/sysroot makes. Programs that run
# while it builds (clang for the BPF programs, bpftool, pkg-config) are this machine's. Included by a toolchain file, which sets
# `tree`, `tree_maker`, CMAKE_SYSTEM_PROCESSOR and CMAKE_LIBRARY_ARCHITECTURE.
set(CMAKE_SYSTEM_NAME Linux)

get_filename_component(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${tree} ABSOLUTE)
if(NOT EXISTS ${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
    message(FATAL_ERROR "no ${CMAKE_SYSROOT}: ${tree_maker} makes it")
endif()
set(CMAKE_C_COMPILER ${CMAKE_LIBRARY_ARCHITECTURE}-gcc)
set(CMAKE_CXX_COMPILER ${CMAKE_LIBRARY_ARCHITECTURE}-g++)

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)

# Not for the compiler's checks: ccache with a base directory makes the paths relative that CMake reads from its answer.
set(ENV{CCACHE_DISABLE} 1)
