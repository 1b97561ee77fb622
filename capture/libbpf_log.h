// SPDX-License-Identifier: GPL-2.0-only
//
// LibbpfLog: libbpf prints through one global function; what it says while a LibbpfLog lives is
// kept instead, so that nothing is printed behind the program's back. One thread.
#pragma once

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <string>

namespace capture {

class LibbpfLog {
  public:
    LibbpfLog() : previous_(libbpf_set_print(&LibbpfLog::print)) { text().clear(); }
    ~LibbpfLog() { libbpf_set_print(previous_); }
    LibbpfLog(const LibbpfLog&) = delete;
    LibbpfLog& operator=(const LibbpfLog&) = delete;

    // The last line: the verifier's log before it is for developers.
    std::string last_line() const {
        std::string all = text();
        while (!all.empty() && all.back() == '\n') {
            all.pop_back();
        }
        size_t start = all.rfind('\n');
        return start == std::string::npos ? all : all.substr(start + 1);
    }

  private:
    static std::string& text() {
        thread_local std::string kept;
        return kept;
    }
    static int print(libbpf_print_level level, const char* format, va_list arguments) {
        if (level == LIBBPF_DEBUG) {
            return 0;
        }
        char line[1024];
        int length = vsnprintf(line, sizeof(line), format, arguments);
        text().append(line);
        return length;
    }

    libbpf_print_fn_t previous_;
};

}  // namespace capture
