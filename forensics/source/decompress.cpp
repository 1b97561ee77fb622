// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/decompress.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace forensics {
namespace {

using pcapng::Error;
using pcapng::Result;

// At most 2^27 bytes, as zstd(1) allows by itself; ZSTD_WINDOWLOG_LIMIT_DEFAULT.
constexpr int kMaxWindowLog = 27;

// Any 15 bits of window, and gzip's header only ("inflateInit2" in zlib.h).
constexpr int kGzipOnly = 15 + 16;

Error cut() {
    return Error{"the compressed file is cut"};
}

class Gunzip : public pcapng::ByteSource {
  public:
    explicit Gunzip(pcapng::Input packed) : packed_(std::move(packed)) {
        ready_ = inflateInit2(&stream_, kGzipOnly) == Z_OK;
    }
    Gunzip(const Gunzip&) = delete;
    Gunzip& operator=(const Gunzip&) = delete;
    ~Gunzip() override { (void)inflateEnd(&stream_); }

    Result<size_t> read(std::span<uint8_t> into) override {
        if (!ready_) {
            return Error{"gzip: out of memory"};
        }
        for (;;) {
            if (!damage_.ok()) {
                return damage_.error();
            }
            const Result<std::span<const uint8_t>> any = packed_.peek(1);
            if (!any.ok()) {
                return any.error();
            }
            if (any->empty()) {
                return in_member_ ? Result<size_t>(cut()) : Result<size_t>(size_t{0});
            }
            if (!in_member_ && members_ > 0 && any->front() == 0) {
                packed_.consume(1);  // padding, as on tapes; gzip(1) passes over it, too
                continue;
            }
            const Result<size_t> got = inflate_some(into);
            if (!got.ok() || *got > 0) {
                return got;
            }
        }
    }

  private:
    // What came out; 0: more input is needed.
    Result<size_t> inflate_some(std::span<uint8_t> into) {
        constexpr size_t kMost = std::numeric_limits<uInt>::max();
        const std::span<const uint8_t> packed = packed_.ready();
        stream_.next_in = const_cast<Bytef*>(packed.data());  // zlib doesn't write there
        stream_.avail_in = static_cast<uInt>(std::min(packed.size(), kMost));
        stream_.next_out = into.data();
        stream_.avail_out = static_cast<uInt>(std::min(into.size(), kMost));
        in_member_ = true;
        const int status = inflate(&stream_, Z_NO_FLUSH);
        packed_.consume(static_cast<size_t>(stream_.next_in - packed.data()));
        const auto got = static_cast<size_t>(stream_.next_out - into.data());
        if (status == Z_STREAM_END) {
            in_member_ = false;
            ++members_;
            (void)inflateReset(&stream_);
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            // Told once what came out before has been taken.
            damage_ = Error{fmt::format("the gzip data are damaged: {}",
                                        stream_.msg != nullptr ? stream_.msg : zError(status))};
        }
        return got;
    }

    pcapng::Input packed_;
    z_stream stream_{};
    bool ready_ = false;
    bool in_member_ = false;
    uint64_t members_ = 0;
    Result<void> damage_;
};

class Unzstd : public pcapng::ByteSource {
  public:
    explicit Unzstd(pcapng::Input packed) : packed_(std::move(packed)) {
        if (stream_ != nullptr) {
            (void)ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
        }
    }

    Result<size_t> read(std::span<uint8_t> into) override {
        if (stream_ == nullptr) {
            return Error{"zstd: out of memory"};
        }
        for (;;) {
            const Result<std::span<const uint8_t>> any = packed_.peek(1);
            if (!any.ok()) {
                return any.error();
            }
            if (any->empty() && hint_ == 0) {
                return size_t{0};
            }
            const std::span<const uint8_t> packed =
                packed_.ready().first(std::min(packed_.ready().size(), step()));
            ZSTD_inBuffer in = {packed.data(), packed.size(), 0};
            ZSTD_outBuffer out = {into.data(), into.size(), 0};
            const size_t left = ZSTD_decompressStream(stream_.get(), &out, &in);
            if (ZSTD_isError(left) != 0) {
                return failure(left);
            }
            packed_.consume(in.pos);
            hint_ = left;
            if (out.pos > 0) {
                return out.pos;
            }
            if (packed.empty()) {
                return cut();  // the decoder holds nothing back either
            }
        }
    }

  private:
    struct Free {
        void operator()(ZSTD_DCtx* stream) const { (void)ZSTD_freeDCtx(stream); }
    };

    // A call that fails hands out nothing of what it has decoded. So each decodes at most one block
    // and never goes on into the header of the next (3 bytes) or the checksum.
    size_t step() const {
        constexpr size_t kFrameStart = 5;
        constexpr size_t kBlockHeader = 3;
        if (hint_ == 0) {
            return kFrameStart;
        }
        return hint_ > kBlockHeader ? hint_ - kBlockHeader : hint_;
    }

    static Error failure(size_t status) {
        if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) {
            return Error{"packed with a window over 128 MiB; unpack it with zstd -d --long=31"};
        }
        return Error{fmt::format("the zstd data are damaged: {}", ZSTD_getErrorName(status))};
    }

    pcapng::Input packed_;
    std::unique_ptr<ZSTD_DCtx, Free> stream_{ZSTD_createDCtx()};
    size_t hint_ = 0;  // how many bytes the decoder would like; 0: it is between frames
};

}  // namespace

std::optional<Compression> compression_of(std::span<const uint8_t> start) {
    const auto begins = [start](std::initializer_list<uint8_t> magic) {
        return start.size() >= magic.size() &&
               std::equal(magic.begin(), magic.end(), start.begin());
    };
    if (begins({0x1F, 0x8B})) {  // RFC 1952, 2.3.1
        return Compression::kGzip;
    }
    // RFC 8878, 3.1.1; or a skippable frame (3.1.2), with which pzstd begins.
    if (begins({0x28, 0xB5, 0x2F, 0xFD}) ||
        (start.size() >= 4 && (start[0] & 0xF0) == 0x50 && begins({start[0], 0x2A, 0x4D, 0x18}))) {
        return Compression::kZstd;
    }
    return std::nullopt;
}

std::unique_ptr<pcapng::ByteSource> decompress(Compression compression, pcapng::Input packed) {
    if (compression == Compression::kGzip) {
        return std::make_unique<Gunzip>(std::move(packed));
    }
    return std::make_unique<Unzstd>(std::move(packed));
}

}  // namespace forensics
