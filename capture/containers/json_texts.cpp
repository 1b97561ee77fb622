// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/json_texts.h"

#include <cstdint>
#include <nlohmann/json.hpp>

namespace capture {
namespace {

using Json = nlohmann::json;

// The callbacks of nlohmann's parser, which keeps no document for them and throws nothing.
class Walk {
  public:
    using Visit = std::function<void(const JsonPath& path, const std::string& text)>;

    explicit Walk(const Visit& visit) : visit_(visit) {}

    bool null() { return pass(); }
    bool boolean(bool /*value*/) { return pass(); }
    bool number_integer(int64_t /*value*/) { return pass(); }
    bool number_unsigned(uint64_t /*value*/) { return pass(); }
    bool number_float(double /*value*/, const std::string& /*text*/) { return pass(); }
    bool binary(Json::binary_t& /*value*/) { return pass(); }
    bool string(std::string& value) {
        visit_(path_, value);
        return pass();
    }

    bool start_object(size_t /*elements*/) { return enter(false); }
    bool end_object() { return leave(); }
    bool start_array(size_t /*elements*/) { return enter(true); }
    bool end_array() { return leave(); }
    bool key(std::string& value) {
        path_.back() = value;
        return true;
    }
    bool parse_error(size_t /*place*/, const std::string& /*token*/,
                     const Json::exception& /*error*/) {
        return false;
    }

  private:
    bool enter(bool array) {
        if (path_.size() >= kMaxJsonDepth) {
            return false;
        }
        path_.emplace_back(array ? "0" : "");
        elements_.push_back(array ? 0 : kNoArray);
        return true;
    }
    bool leave() {
        path_.pop_back();
        elements_.pop_back();
        return pass();
    }
    // A value has ended.
    bool pass() {
        if (!elements_.empty() && elements_.back() != kNoArray) {
            path_.back() = std::to_string(++elements_.back());
        }
        return true;
    }

    static constexpr size_t kNoArray = SIZE_MAX;

    const Visit& visit_;
    JsonPath path_;
    std::vector<size_t> elements_;  // of each level of the path: how many have ended
};

}  // namespace

bool visit_json_texts(
    std::string_view json,
    const std::function<void(const JsonPath& path, const std::string& text)>& visit) {
    Walk walk(visit);
    return Json::sax_parse(json.begin(), json.end(), &walk);
}

}  // namespace capture
