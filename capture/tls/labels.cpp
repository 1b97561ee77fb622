// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/labels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "capture/tls/byte_search.h"

namespace capture::tls {
namespace {

constexpr std::string_view kMasterSecret = "CLIENT_RANDOM";
constexpr std::string_view kSecret = "_SECRET";
// RFC 9850, section 2.
constexpr std::array<std::string_view, 8> kLabels = {kMasterSecret,
                                                     "CLIENT_EARLY_TRAFFIC_SECRET",
                                                     "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                                                     "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                                                     "CLIENT_TRAFFIC_SECRET_0",
                                                     "SERVER_TRAFFIC_SECRET_0",
                                                     "EARLY_EXPORTER_SECRET",
                                                     "EXPORTER_SECRET"};
constexpr size_t kLongest = 32;  // with the NUL
// A file with more of them is no TLS library.
constexpr size_t kMaxLabels = 100;

using Bytes = std::span<const uint8_t>;

bool stands_at(Bytes bytes, size_t at, std::string_view text) {
    return at + text.size() < bytes.size() &&
           std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

void add(LabelTexts& texts, std::string_view text, uint64_t address, bool ended) {
    std::vector<Label>& labels = ended ? texts.ended : texts.others;
    // Pieces overlap.
    if (labels.size() < kMaxLabels && std::ranges::none_of(labels, [&](const Label& each) {
            return each.address == address && each.text == text;
        })) {
        labels.push_back({std::string(text), address});
    }
}

void find_in(Bytes bytes, uint64_t address, LabelTexts& texts) {
    const auto look = [&](size_t at, std::string_view label) {
        if (stands_at(bytes, at, label)) {
            add(texts, label, address + at, bytes[at + label.size()] == 0);
        }
    };
    each_place(bytes, bytes_of(kMasterSecret), [&](size_t at) { look(at, kMasterSecret); });
    each_place(bytes, bytes_of(kSecret), [&](size_t at) {
        for (const std::string_view label : kLabels) {
            const size_t before = label.find(kSecret);
            if (before <= at) {  // not in CLIENT_RANDOM
                look(at - before, label);
            }
        }
    });
}

// What 32 bits in the code that name a label look like: they are added to something.
enum class Naming {
    kRelative,     // to the address of the next instruction: lea disp(%rip), reg
    kNumber,       // to 0: mov $address, reg
    kGotRelative,  // to the address of the global offset table: lea disp(%reg), reg
};

// Where in each of these instructions the 32 bits stand, and which bytes come before.
bool is_instruction(Naming naming, const uint8_t* number) {
    switch (naming) {
        case Naming::kRelative:
            return number[-2] == 0x8d && (number[-1] & 0xc7) == 0x05;
        case Naming::kNumber:
            return (number[-1] & 0xf8) == 0xb8;
        case Naming::kGotRelative:
            return number[-2] == 0x8d && (number[-1] & 0xc0) == 0x80;
    }
    return false;
}

// A block, which begins two bytes before the first place for a number, is looked at byte by byte
// only if this is true, which is rare; compilers make SIMD instructions of it. `top`: the smallest
// highest byte of an address, of `tops` + 1.
constexpr size_t kBlock = 64;
bool may_have_one(Naming naming, const uint8_t* block, uint8_t top, uint8_t tops) {
    uint8_t any = 0;
    switch (naming) {
        case Naming::kRelative:
            for (size_t i = 0; i < kBlock; ++i) {
                any |= static_cast<uint8_t>((block[i] == 0x8d) & ((block[i + 1] & 0xc7) == 0x05));
            }
            break;
        case Naming::kNumber:
            for (size_t i = 0; i < kBlock; ++i) {
                any |= static_cast<uint8_t>(((block[i + 1] & 0xf8) == 0xb8) &
                                            (static_cast<uint8_t>(block[i + 5] - top) <= tops));
            }
            break;
        case Naming::kGotRelative:
            for (size_t i = 0; i < kBlock; ++i) {
                any |= static_cast<uint8_t>((block[i] == 0x8d) & ((block[i + 1] & 0xc0) == 0x80));
            }
            break;
    }
    return any != 0;
}

class ReferenceSearch {
  public:
    ReferenceSearch(const ElfImage& image, const std::vector<Label>& labels,
                    std::vector<LabelReference>& found)
        : image_(image), labels_(labels), found_(found) {
        const auto [low, high] = std::ranges::minmax(labels, {}, &Label::address);
        low_ = low.address;
        range_ = high.address - low.address;
    }

    void search(const Segment& segment, Naming naming) {
        // So that each place is looked at once.
        SegmentReader reader(image_, segment, kBefore + kNumber - 1);
        for (Bytes piece = reader.next(); !piece.empty(); piece = reader.next()) {
            search(piece, reader.address(), naming);
        }
    }

    // aarch64: adr makes an address; or adrp that of a page, and add that of the label, with other
    // instructions in between.
    void search_pages(const Segment& segment) {
        SegmentReader reader(image_, segment, kFarthest * 4);
        for (Bytes piece = reader.next(); !piece.empty(); piece = reader.next()) {
            const bool is_first = reader.address() == segment.address;
            for (size_t at = is_first ? 0 : kFarthest * 4; at + 4 <= piece.size(); at += 4) {
                const uint32_t now = word(piece, at);
                if ((now & 0xffc00000) == 0x91000000) {
                    look_for_page(piece, at, reader.address());
                } else if ((now & 0x9f000000) == 0x10000000) {
                    const uint64_t address = reader.address() + at;
                    if (const uint64_t target = address + immediate(now); is_label(target)) {
                        add({address, target, kNoRegister, 0});
                    }
                }
            }
        }
    }

  private:
    static constexpr size_t kFarthest = 32;  // instructions from adrp to add
    static uint32_t word(Bytes piece, size_t at) {
        uint32_t value = 0;
        std::memcpy(&value, piece.data() + at, sizeof(value));
        return value;
    }

    // The 21 bits of adr and adrp: Arm Architecture Reference Manual, C6.2.
    static uint64_t immediate(uint32_t instruction) {
        const uint64_t bits = (instruction >> 29 & 3) | (instruction >> 5 & 0x7ffff) << 2;
        return bits | ((bits & 0x100000) != 0 ? ~uint64_t{0x1fffff} : 0);
    }

    void look_for_page(Bytes piece, size_t at, uint64_t address) {
        const uint32_t add_instruction = word(piece, at);
        const uint32_t base = add_instruction >> 5 & 31;
        for (size_t back = 4; back <= std::min(at, kFarthest * 4); back += 4) {
            const uint32_t page = word(piece, at - back);
            if ((page & 0x9f00001f) != (0x90000000 | base)) {
                continue;
            }
            const uint64_t start =
                ((address + at - back) & ~uint64_t{0xfff}) + (immediate(page) << 12);
            const uint64_t target = start + (add_instruction >> 10 & 0xfff);
            if (is_label(target)) {
                add({address + at, target, static_cast<Register>(base), start});
            }
            return;
        }
    }

    static constexpr size_t kBefore = 3;  // a prefix, an opcode, a register
    static constexpr size_t kNumber = 4;

    void search(Bytes piece, uint64_t address, Naming naming) {
        size_t at = kBefore;
        const auto top = static_cast<uint8_t>(low_ >> 24);
        const auto tops = static_cast<uint8_t>(((low_ + range_) >> 24) - (low_ >> 24));
        while (at + kNumber <= piece.size()) {
            const uint8_t* here = piece.data() + at;
            const bool whole = at + kBlock + kNumber <= piece.size();
            if (whole && !may_have_one(naming, here - 2, top, tops)) {
                at += kBlock;
                continue;
            }
            const size_t end = whole ? at + kBlock : piece.size() - kNumber + 1;
            for (; at < end; ++at) {
                if (is_instruction(naming, piece.data() + at)) {
                    look_at(piece, at, address + at, naming);
                }
            }
        }
    }

    void look_at(Bytes piece, size_t at, uint64_t address, Naming naming) {
        uint32_t number = 0;
        std::memcpy(&number, piece.data() + at, sizeof(number));
        const uint64_t extended = static_cast<uint64_t>(int64_t{static_cast<int32_t>(number)});
        uint64_t target = 0;
        switch (naming) {
            case Naming::kRelative:
                target = address + kNumber + extended;
                break;
            case Naming::kNumber:
                target = number;
                break;
            case Naming::kGotRelative:
                target = static_cast<uint32_t>(image_.dynamic().pltgot + extended);
                break;
        }
        if (target - low_ > range_ || !is_label(target)) {
            return;
        }
        LabelReference reference;
        reference.label = target;
        if (naming == Naming::kGotRelative) {
            reference.base = piece[at - 1] & 7;
            reference.base_value = image_.dynamic().pltgot;
        }
        const uint8_t prefix = piece[at - (naming == Naming::kNumber ? 2 : 3)];
        const bool has_prefix = image_.machine() == Machine::kX86_64 && (prefix & 0xf0) == 0x40;
        reference.instruction =
            address - (naming == Naming::kNumber ? 1 : 2) - (has_prefix ? 1 : 0);
        add(reference);
    }

    void add(const LabelReference& reference) {
        if (found_.size() < kMaxReferences) {
            found_.push_back(reference);
        }
    }

    bool is_label(uint64_t address) const {
        const auto found = std::ranges::lower_bound(labels_, address, {}, &Label::address);
        return found != labels_.end() && found->address == address;
    }

    const ElfImage& image_;
    const std::vector<Label>& labels_;  // by address
    std::vector<LabelReference>& found_;
    uint64_t low_ = 0;
    uint64_t range_ = 0;
};

}  // namespace

LabelTexts find_labels(const ElfImage& image) {
    LabelTexts texts;
    // Old linkers put read-only data and code into one segment.
    for (const bool executable : {false, true}) {
        if (!texts.ended.empty() || !texts.others.empty()) {
            break;
        }
        for (const Segment& segment : image.segments()) {
            if (segment.executable != executable || segment.writable) {
                continue;
            }
            SegmentReader reader(image, segment, 2 * kLongest);
            for (Bytes piece = reader.next(); !piece.empty(); piece = reader.next()) {
                find_in(piece, reader.address(), texts);
            }
        }
    }
    std::ranges::sort(texts.ended, {}, &Label::address);
    std::ranges::sort(texts.others, {}, &Label::address);
    return texts;
}

std::vector<LabelReference> find_references(const ElfImage& image,
                                            const std::vector<Label>& labels) {
    std::vector<LabelReference> found;
    if (labels.empty()) {
        return found;
    }
    ReferenceSearch search(image, labels, found);
    for (const Segment& segment : image.segments()) {
        if (!segment.executable) {
            continue;
        }
        if (image.machine() == Machine::kAarch64) {
            search.search_pages(segment);
            continue;
        }
        if (image.machine() == Machine::kX86_64) {
            search.search(segment, Naming::kRelative);
        } else {
            search.search(segment, Naming::kGotRelative);
        }
        if (image.is_fixed()) {
            search.search(segment, Naming::kNumber);
        }
    }
    return found;
}

}  // namespace capture::tls
