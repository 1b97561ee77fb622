// SPDX-License-Identifier: GPL-2.0-only
//
// LibbpfLog: keeps libbpf's messages as long as it lives, so that they can become part of an error.
// libbpf would print them through its one global function otherwise. One thread.
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

    // Returns why a program was refused, as "NAME: the verifier's last line", or libbpf's last line
    // if no program was. The log looks like this:
    //     libbpf: prog 'NAME': -- BEGIN PROG LOAD LOG --
    //     …
    //     the verifier's last line
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
        // The verifier's whole log comes in one call.
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
