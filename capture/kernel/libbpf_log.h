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

    // Why a program was refused, "NAME: the verifier's last word", or else libbpf's last line. The
    // log looks like this:
    //     libbpf: prog 'NAME': -- BEGIN PROG LOAD LOG --
    //     …
    //     the verifier's last word
    //     processed N insns …
    std::string reason() const {
        const std::string& all = text();
        const size_t log = all.find("': -- BEGIN PROG LOAD LOG --");
        const size_t end = all.find("\nprocessed ", log);
        if (log != std::string::npos && end != std::string::npos) {
            const size_t name = all.rfind('\'', log - 1) + 1;
            const size_t word = all.rfind('\n', end - 1) + 1;
            return all.substr(name, log - name) + ": " + all.substr(word, end - word);
        }
        const size_t last = all.find_last_not_of('\n');
        const size_t start = all.rfind('\n', last) + 1;
        return last == std::string::npos ? "" : all.substr(start, last + 1 - start);
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
        // The verifier's log comes at once.
        va_list again;
        va_copy(again, arguments);
        const int length = vsnprintf(nullptr, 0, format, again);
        va_end(again);
        if (length > 0) {
            const size_t before = text().size();
            text().resize(before + static_cast<size_t>(length) + 1);
            vsnprintf(&text()[before], static_cast<size_t>(length) + 1, format, arguments);
            text().pop_back();
        }
        return length;
    }

    libbpf_print_fn_t previous_;
};

}  // namespace capture
