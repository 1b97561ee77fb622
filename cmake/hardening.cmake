# SPDX-License-Identifier: GPL-2.0-only
# What makes a bug in a program harder to exploit, for every target of the directories that follow. Distributions set
# most of it themselves; what they have set is left as it is. "unit: the programs are hardened" looks at the result.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)

# Not CMAKE_POSITION_INDEPENDENT_CODE: libraries would be compiled with -fPIC, whose functions aren't inlined.
add_compile_options(-fPIE)
add_link_options(-pie -Wl,-z,relro,-z,now)

# Marks of jump targets, and signed return addresses, are asked for in other words on arm64. clang takes either anywhere, with a warning.
set(flags -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    list(APPEND flags -mbranch-protection=standard)
else()
    list(APPEND flags -fcf-protection)
endif()
foreach(flag ${flags})
    string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
    check_cxx_compiler_flag(${flag} ${have})
    if(${have})
        add_compile_options(${flag})
    endif()
endforeach()
add_compile_definitions(_GLIBCXX_ASSERTIONS)

# _FORTIFY_SOURCE only with optimisation, and not beside AddressSanitizer, which it hides calls from. The checks are
# compiled as this build is.
set(CMAKE_TRY_COMPILE_CONFIGURATION ${CMAKE_BUILD_TYPE})
check_cxx_source_compiles("
    #if !defined __OPTIMIZE__ || defined _FORTIFY_SOURCE
    #error
    #endif
    int main() {}" PIDCAP_MAY_FORTIFY)
if(PIDCAP_MAY_FORTIFY AND NOT PIDCAP_SANITIZE)
    # Older compilers and C libraries have no third level, and say so.
    check_cxx_source_compiles("
        #define _FORTIFY_SOURCE 3
        #include <features.h>
        #if __USE_FORTIFY_LEVEL < 3
        #error
        #endif
        int main() {}" PIDCAP_FORTIFY_3)
    if(PIDCAP_FORTIFY_3)
        add_compile_options(-D_FORTIFY_SOURCE=3)
    else()
        add_compile_options(-D_FORTIFY_SOURCE=2)
    endif()
endif()
unset(CMAKE_TRY_COMPILE_CONFIGURATION)
