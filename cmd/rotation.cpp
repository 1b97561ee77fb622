// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace cmd {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr int64_t kHour = 3600;

// The kernel's limit for a name (NAME_MAX) is 255.
constexpr size_t kLongestName = 1024;

int64_t seconds_east(int64_t time) {
    const time_t now = time;
    tm local{};
    return localtime_r(&now, &local) != nullptr ? local.tm_gmtoff : 0;
}

bool is_number(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// How many digits the largest number of a ring has, as tcpdump counts.
size_t digits_of(uint32_t count) {
    return count > 1 ? fmt::format("{}", count - 1).size() : 0;
}

}  // namespace

FilePattern split_pattern(const std::string& output) {
    const size_t slash = output.rfind('/');
    if (slash == std::string::npos) {
        return {".", output};
    }
    return {output.substr(0, slash + 1), output.substr(slash + 1)};
}

std::string name_at(const std::string& pattern, uint64_t time_ns) {
    const auto seconds = static_cast<time_t>(time_ns / kSecond);
    tm local{};
    std::array<char, kLongestName> name{};
    if (localtime_r(&seconds, &local) == nullptr ||
        strftime(name.data(), name.size(), pattern.c_str(), &local) == 0) {
        return {};
    }
    return name.data();
}

bool is_time_name(const std::string& pattern, const std::string& name) {
    tm time{};
    time.tm_isdst = -1;
    time.tm_mday = 1;
    const char* end = strptime(name.c_str(), pattern.c_str(), &time);
    return end != nullptr && *end == '\0';
}

std::string_view without_suffix(std::string_view pattern, std::string_view name) {
    for (const std::string_view suffix : {".part", ".gz", ".zst", ".bz2", ".xz", ".lz4"}) {
        if (name.ends_with(suffix) && !pattern.ends_with(suffix)) {
            name.remove_suffix(suffix.size());
            break;
        }
    }
    return name;
}

Rotation::Rotation(const RotationOptions& options, std::string pattern, uint64_t now)
    : options_(options), pattern_(std::move(pattern)), start_(now), begun_(now) {
    if (options_.interval) {
        cut_ = next_cut(now);
    }
}

// The first cut after that time.
uint64_t Rotation::next_cut(uint64_t time_ns) const {
    const int64_t interval = options_.interval->count();
    if (options_.from_start) {
        const uint64_t step = static_cast<uint64_t>(interval) * kSecond;
        return start_ + ((time_ns - start_) / step + 1) * step;
    }
    const auto time = static_cast<int64_t>(time_ns / kSecond);
    const int64_t east = seconds_east(time);
    const int64_t local = ((time + east) / interval + 1) * interval;
    int64_t cut = local - east;
    // Where the clocks are changed in between, a day has 23 or 25 hours. A shorter interval keeps
    // its length, or one would be of two hours.
    if (interval > kHour) {
        const int64_t after = local - seconds_east(cut);
        cut = after > time ? after : cut;
    }
    return static_cast<uint64_t>(cut) * kSecond;
}

void Rotation::change(const RotationOptions& options) {
    options_.size = options.size;
    if (options_.interval != options.interval) {
        options_.interval = options.interval;
        cut_ = next_cut(begun_);
    }
}

void Rotation::cut_by_time(uint64_t time_ns) {
    // Of several intervals that passed meanwhile, the last one begins.
    const uint64_t step = static_cast<uint64_t>(options_.interval->count()) * kSecond;
    const uint64_t last = next_cut(time_ns - step);
    begun_ = last <= time_ns ? std::max(last, *cut_) : *cut_;
    cut_ = next_cut(begun_);
    intervals_++;
    number_ = 0;
}

void Rotation::cut_by_size() {
    number_++;
    if (options_.count && number_ >= *options_.count) {
        number_ = 0;
    }
}

std::string Rotation::number() const {
    if (!options_.size) {
        return {};
    }
    const size_t digits = options_.count ? digits_of(*options_.count) : 0;
    return number_ == 0 && digits == 0 ? std::string() : fmt::format("{:0{}}", number_, digits);
}

std::string Rotation::name() const {
    return (options_.interval ? name_at(pattern_, begun_) : pattern_) + number();
}

bool Rotation::repeats() const {
    if (!options_.interval || (options_.count == 1 && !options_.size)) {
        return false;
    }
    const uint64_t second = next_cut(*cut_);
    return name_at(pattern_, *cut_) == name_at(pattern_, second);
}

bool is_name_of(const std::string& pattern, const RotationOptions& options, std::string_view name) {
    name = without_suffix(pattern, name);
    for (size_t digits = 0; digits <= name.size(); digits++) {
        const std::string_view number = name.substr(name.size() - digits);
        if (!is_number(number) || (digits > 0 && !options.size)) {
            return false;
        }
        const std::string base(name.substr(0, name.size() - digits));
        if (options.interval ? is_time_name(pattern, base) : base == pattern) {
            return true;
        }
    }
    return false;
}

}  // namespace cmd
