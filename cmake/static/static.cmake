# SPDX-License-Identifier: GPL-2.0-only
# What PIDCAP_STATIC asks for, before any library is looked for.
#
# SOME: {fmt}, libunistring and capstone, whose shared libraries have other names in each release of Debian. The others keep theirs: a
# package that is built on one release can be installed on later ones, and gets their libraries' security updates.
# ALL: everything but the C library, whose look-ups of users load modules of the system's.
set_property(CACHE PIDCAP_STATIC PROPERTY STRINGS NONE SOME ALL)

# Debian has no libfmt.a. As a header alone it takes half of the time that everything else takes to compile.
find_path(PIDCAP_FMT_INCLUDE fmt/format-inl.h REQUIRED)
add_library(pidcap_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cpp)
target_include_directories(pidcap_fmt SYSTEM PUBLIC ${PIDCAP_FMT_INCLUDE})
add_library(fmt::fmt ALIAS pidcap_fmt)

set(PIDCAP_UNISTRING libunistring.a)
set(PIDCAP_CAPSTONE libcapstone.a)

if(PIDCAP_STATIC STREQUAL "ALL")
    set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
    add_link_options(-static-libstdc++ -static-libgcc -pthread)
    add_library(pidcap_older_libc OBJECT ${CMAKE_CURRENT_LIST_DIR}/older_libc.cpp)
endif()
