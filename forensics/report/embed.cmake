# SPDX-License-Identifier: GPL-2.0-only
# Makes page_template() (page_files.h) of page.html: the styles and scripts go into it, and their hashes into its
# policy, so that a browser runs these and nothing else.

# Base64, as the policy wants it, of a SHA-256 in hexadecimal.
function(base64 hex result)
    set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
    set(text "")
    foreach(group RANGE 0 60 6)
        string(SUBSTRING ${hex}00 ${group} 6 digits)  # 32 bytes, and one that fills the last group of three
        math(EXPR bits "0x${digits}")
        foreach(shift 18 12 6 0)
            math(EXPR index "(${bits} >> ${shift}) & 63")
            string(SUBSTRING ${alphabet} ${index} 1 letter)
            string(APPEND text ${letter})
        endforeach()
    endforeach()
    string(SUBSTRING ${text} 0 43 text)
    set(${result} "${text}=" PARENT_SCOPE)
endfunction()

# The contents of files of this folder, one behind the other.
function(contents result)
    set(all "")
    foreach(file ${ARGN})
        set(path ${CMAKE_CURRENT_SOURCE_DIR}/report/${file})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
        file(READ ${path} content)
        string(APPEND all "${content}")
    endforeach()
    set(${result} "${all}" PARENT_SCOPE)
endfunction()

contents(html page.html)
contents(css page.css)
contents(js text.js model.js summary.js plot.js event_lane.js usage.js plot_input.js lives.js processes.js sortable.js flows.js groups.js lists.js details.js page.js)
foreach(part css js)
    string(SHA256 hash "${${part}}")
    base64(${hash} hash)
    string(REPLACE "@HASH_${part}@" "${hash}" html "${html}")
    string(REPLACE "@${part}@" "${${part}}" html "${html}")
endforeach()

# The icon, in the page itself.
set(icon_file ${PROJECT_SOURCE_DIR}/docs/icon.svg)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${icon_file})
file(READ ${icon_file} icon)
string(STRIP "${icon}" icon)
string(REPLACE "\"" "'" icon "${icon}")
string(REPLACE "#" "%23" icon "${icon}")
string(REPLACE "<" "%3C" icon "${icon}")
string(REPLACE ">" "%3E" icon "${icon}")
string(REPLACE "@icon@" "${icon}" html "${html}")

# Written only when it changes, so that only then it is compiled.
set(new "#include \"forensics/report/page_files.h\"\n\nnamespace forensics {\n\nstd::string_view page_template() {\n    return R\"~file~(${html})~file~\";\n}\n\n}  // namespace forensics\n")
set(page_source ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp)
set(old "")
if(EXISTS ${page_source})
    file(READ ${page_source} old)
endif()
if(NOT "${old}" STREQUAL "${new}")
    file(WRITE ${page_source} "${new}")
endif()
