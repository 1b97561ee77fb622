// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/recorded_keys.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "forensics/source/decompress.h"
#include "pcapng/format.h"
#include "pcapng/reader.h"

namespace forensics {
namespace {

using pcapng::Input;

// The blocks of a pcapng file, compressed or not; nothing if it is none.
std::optional<pcapng::Reader> blocks_of(const std::string& path) {
    auto input = Input::open_file(path);
    if (!input) {
        return std::nullopt;
    }
    auto magic = input->peek(sizeof(uint32_t));
    if (const auto compression = magic ? compression_of(*magic) : std::nullopt) {
        input = Input::from_source(decompress(*compression, *std::move(input)), path);
        magic = input->peek(sizeof(uint32_t));
    }
    if (!magic || magic->size() < sizeof(uint32_t) ||
        pcapng::decode<uint32_t>(*magic, pcapng::ByteOrder::kLittle) !=
            pcapng::kSectionHeaderBlock) {
        return std::nullopt;
    }
    return pcapng::Reader(*std::move(input));
}

std::string_view text_of(std::span<const uint8_t> bytes) {
    const void* start = bytes.data();
    return {static_cast<const char*>(start), bytes.size()};
}

}  // namespace

void RecordedKeys::read_ahead(const std::string& path, const Progress& progress) {
    struct stat status {};
    if (path == "-" || stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return;
    }
    is_read_ahead_ = true;
    auto reader = blocks_of(path);
    if (!reader) {
        return;
    }
    uint64_t bytes = 0;
    for (auto block = reader->next_in_place(); block && *block != nullptr;
         block = reader->next_in_place()) {
        const auto* secrets = std::get_if<pcapng::SecretsRead>(*block);
        if (secrets != nullptr && secrets->type == pcapng::kTlsKeyLog) {
            add(text_of(secrets->data));
            bytes += secrets->data.size();
        }
        progress(reader->offset());
    }
    ahead_ = bytes;
}

void RecordedKeys::add(std::string_view log) {
    // The file may have grown since.
    const auto known = static_cast<size_t>(std::min<uint64_t>(ahead_, log.size()));
    ahead_ -= known;
    packet::split_key_log(log.substr(known), [this](std::string_view line) { add_line(line); });
}

void RecordedKeys::add_line(std::string_view text) {
    if (known_.contains(text)) {
        return;
    }
    constexpr size_t kTables = 160;  // beside each text
    if (text.size() >= pcapng::kMaxKeyLog || bytes_ + text.size() + kTables > kMaxBytes) {
        left_out_++;
        return;
    }
    bytes_ += text.size() + kTables;
    Line& line = lines_.emplace_back();
    line.text = text;
    known_.insert(line.text);
    if (const auto parsed = packet::parse_key_log_line(text)) {
        line.random = parsed->client_random;
        by_random_[*line.random].push_back(lines_.size() - 1);
    }
}

const packet::ClientRandom* RecordedKeys::random(size_t number) const {
    const auto& random = lines_[number].random;
    return random ? &*random : nullptr;
}

std::span<const size_t> RecordedKeys::of(const packet::ClientRandom& random) const {
    const auto found = by_random_.find(random);
    return found != by_random_.end() ? std::span<const size_t>(found->second)
                                     : std::span<const size_t>();
}

}  // namespace forensics
