// SPDX-License-Identifier: GPL-2.0-only
//
// TimeZone: the process's time zone while it lives; afterwards the machine's again.
#pragma once

#include <cstdlib>
#include <ctime>

namespace test {

class TimeZone {
  public:
    explicit TimeZone(const char* name) {
        setenv("TZ", name, 1);
        tzset();
    }
    TimeZone(const TimeZone&) = delete;
    TimeZone& operator=(const TimeZone&) = delete;
    ~TimeZone() {
        unsetenv("TZ");
        tzset();
    }
};

}  // namespace test
