// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/event_choice.h"

#include <catch2/catch.hpp>

using capture::EventChoice;
using capture::parse_event_choices;

TEST_CASE("events are named alone, in lists, with a variant and with a condition") {
    CHECK(*parse_event_choices("process") == std::vector<EventChoice>{{"process", "", ""}});
    CHECK(*parse_event_choices("socket=all, tcp:*") ==
          std::vector<EventChoice>{{"socket", "all", ""}, {"tcp:*", "", ""}});
    CHECK(
        *parse_event_choices("sched:a,sched:b if x = \"1, 2\" ") ==
        std::vector<EventChoice>{{"sched:a", "", "x = \"1, 2\""}, {"sched:b", "", "x = \"1, 2\""}});
    CHECK(parse_event_choices("tcp:tcp_probe")->front().is_tracepoint());
    CHECK_FALSE(parse_event_choices("drop=all")->front().is_tracepoint());
}

TEST_CASE("what is no name of an event is refused") {
    for (const char* text :
         {"",        ",",     "a,",     "a,,b", ":",     "a:",        ":b",
          "a:b:c",   "a/b:c", "a:../b", "a b",  "a=",    "=b",        "a=b=c",
          "a:b=all", "a;b",   "a:b\n",  "a if", "a if ", " if x = 1", "a:\xff"}) {
        INFO(text);
        CHECK_FALSE(parse_event_choices(text).ok());
    }
    CHECK_FALSE(parse_event_choices(std::string(300, 'a')).ok());
}
