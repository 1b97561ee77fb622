// SPDX-License-Identifier: GPL-2.0-only
//
// RowWriter: puts values into a row one after the other, in the order of a table's columns. Asserts
// at its end that there is one for each. One thread.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "forensics/packet_types.h"

namespace forensics {

// Returns a process of which no field is known.
inline const Process& nobody() {
    static const Process kNobody;
    return kNobody;
}

class RowWriter {
  public:
    RowWriter(Row& row, size_t columns) : row_(row), columns_(columns) {
        row_.clear();
        row_.reserve(columns);
    }
    ~RowWriter() { assert(row_.size() == columns_); }
    RowWriter(const RowWriter&) = delete;
    RowWriter& operator=(const RowWriter&) = delete;

    void none() { row_.emplace_back(); }
    void number(uint64_t value) { row_.emplace_back(value); }
    // 0: not known.
    void number_or_none(uint64_t value) { value == 0 ? none() : number(value); }
    template <typename Number>
    void number(const std::optional<Number>& value) {
        value ? number(uint64_t{*value}) : none();
    }
    void text(std::string_view value) { value.empty() ? none() : void(row_.emplace_back(value)); }
    void own_text(std::string value) {
        value.empty() ? none() : void(row_.emplace_back(std::move(value)));
    }
    void time(const std::optional<uint64_t>& ns) {
        ns ? void(row_.emplace_back(Time{*ns})) : none();
    }
    void start(uint64_t ns) { ns == 0 ? none() : void(row_.emplace_back(Time{ns})); }
    void seconds(const std::optional<uint64_t>& ns) {
        ns ? void(row_.emplace_back(static_cast<double>(*ns) / 1e9)) : none();
    }
    void value(Value value) { row_.push_back(std::move(value)); }
    void boolean(bool value) { row_.emplace_back(value); }

    // container, container_name, container_image, pod_name, pod_namespace.
    void container(const Process& process) {
        text(process.container);
        for (const packet::RareText* one : {&process.container_name, &process.container_image,
                                            &process.pod_name, &process.pod_namespace}) {
            text(one->view());
        }
    }

    // host, pid, tid, start_time, comm, exe, uid, user_name, container(), unit, via.
    void end(const End& end) {
        const Process& process = end.process != nullptr ? *end.process : nobody();
        text(process.host);
        end.process != nullptr ? number(uint64_t{process.pid}) : none();
        number_or_none(end.tid);
        start(process.start_ns);
        text(process.comm);
        text(process.exe);
        number(uid_of(end));
        text(user_of(end));
        container(process);
        text(process.unit);
        text(packet::via_name(end.via));
    }

  private:
    Row& row_;
    [[maybe_unused]] size_t columns_;
};

}  // namespace forensics
