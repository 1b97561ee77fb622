// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/container_json.h"

#include <catch2/catch.hpp>
#include <string>

#include "capture/containers/json_texts.h"

using capture::ContainerFacts;
using capture::read_docker_config;
using capture::read_oci_config;
using capture::read_storage_list;

namespace {

const ContainerFacts kNothing;

std::string nested(size_t depth, const std::string& inside) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) {
        text += "{\"a\":";
    }
    return text + inside + std::string(depth, '}');
}

}  // namespace

TEST_CASE("a configuration of another container, or without an id, names nobody") {
    const std::string json = R"({"ID":"abc","Name":"/web","Config":{"Image":"nginx"}})";
    CHECK(read_docker_config(json, "abc").name == "web");
    CHECK(read_docker_config(json, "abd") == kNothing);
    CHECK(read_docker_config(json, "") == kNothing);
    CHECK(read_docker_config(R"({"Name":"/web"})", "abc") == kNothing);
}

TEST_CASE("a list names the container that has the id, wherever its id stands") {
    const std::string json =
        R"([{"id":"a","names":["one"]},{"names":["two","too"],"id":"b","metadata":"{\"image-name\":\"i\"}"},)"
        R"({"id":"c"},{"x":{"id":"d","names":["no"]}}])";
    CHECK(read_storage_list(json, "a") == ContainerFacts{"one", "", "", ""});
    CHECK(read_storage_list(json, "b") == ContainerFacts{"two", "i", "", ""});
    CHECK(read_storage_list(json, "c") == kNothing);
    CHECK(read_storage_list(json, "d") == kNothing);
    CHECK(read_storage_list(json, "") == kNothing);
    CHECK(read_storage_list("[]", "a") == kNothing);
    CHECK(read_storage_list(R"({"id":"a","names":["no"]})", "a") == kNothing);
}

TEST_CASE("labels and texts elsewhere are no names") {
    CHECK(read_oci_config(
              R"({"process":{"annotations":{"nerdctl/name":"no"}},)"
              R"("annotations":{"nerdctl/name":{"a":"no"},"name":"no"},"nerdctl/name":"no"})") ==
          kNothing);
    CHECK(read_docker_config(R"({"ID":"a","Config":{"Labels":{"Name":"no"},"Env":["Name=no"]}})",
                             "a") == kNothing);
    CHECK(read_oci_config(
              R"({"annotations":{"nerdctl/name":["no"],"io.kubernetes.pod.name":7}})") == kNothing);
}

TEST_CASE("what is no JSON to its end names nobody") {
    const std::string whole = R"({"annotations":{"nerdctl/name":"web"}})";
    CHECK(read_oci_config(whole).name == "web");
    for (size_t size = 0; size < whole.size(); ++size) {
        CHECK(read_oci_config(whole.substr(0, size)) == kNothing);
    }
    CHECK(read_oci_config(whole + "x") == kNothing);
    CHECK(read_oci_config("{\"annotations\":{\"nerdctl/name\":\"w\xff\"}}") == kNothing);
    CHECK(read_oci_config(R"({"a":1e999,"annotations":{"nerdctl/name":"web"}})") == kNothing);
}

TEST_CASE("a document may be as deep as a runtime's, and no deeper") {
    size_t texts = 0;
    const auto count = [&texts](const capture::JsonPath&, const std::string&) { ++texts; };
    CHECK(capture::visit_json_texts(nested(capture::kMaxJsonDepth, "\"x\""), count));
    CHECK(texts == 1);
    CHECK_FALSE(capture::visit_json_texts(nested(capture::kMaxJsonDepth + 1, "\"x\""), count));
    CHECK_FALSE(capture::visit_json_texts(std::string(1'000'000, '['), count));
    CHECK(texts == 1);
}

TEST_CASE("a name that no runtime takes is none") {
    const auto named = [](const std::string& name) {
        return read_oci_config(R"({"annotations":{"nerdctl/name":")" + name +
                               R"(","io.kubernetes.cri.image-name":"i"}})");
    };
    const std::string longest(capture::kMaxContainerName, 'n');
    CHECK(named("a.b_C-1/x").name == "a.b_C-1/x");
    CHECK(named(longest).name == longest);
    for (const std::string& name :
         {longest + "n", std::string(R"(a\u001b[2J)"), std::string(R"(a\u0000)"),
          std::string("a b"), std::string("a%41"), std::string("caf\u00e9"),
          std::string(R"(\u202ea)")}) {
        INFO(name);
        CHECK(named(name) == ContainerFacts{"", "i", "", ""});
    }
}
