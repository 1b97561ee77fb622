// SPDX-License-Identifier: GPL-2.0-only
#include "capture/zstd_compressor.h"

#include <fmt/format.h>
#include <zstd.h>

#include <vector>

namespace capture {
namespace {

using pcapng::ByteBuffer;
using pcapng::Error;
using pcapng::Result;

// The fastest of the usual levels: what doesn't keep up with the rings loses packets.
constexpr int kLevel = 1;
// With a second one there is room for what comes while the first is busy.
constexpr int kThreads = 2;

class Zstd : public pcapng::Compressor {
  public:
    Zstd() {
        if (stream_ == nullptr) {
            return;
        }
        (void)ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_compressionLevel, kLevel);
        (void)ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
        // Refused by a libzstd without threads, which then works in ours.
        (void)ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_nbWorkers, kThreads);
    }

    Result<void> add(std::span<const uint8_t> bytes, ByteBuffer& out) override {
        return bytes.empty() ? Result<void>{} : run(bytes, ZSTD_e_continue, out);
    }
    Result<void> flush(ByteBuffer& out) override { return run({}, ZSTD_e_flush, out); }
    Result<void> end(ByteBuffer& out) override { return run({}, ZSTD_e_end, out); }

  private:
    struct Free {
        void operator()(ZSTD_CCtx* stream) const { (void)ZSTD_freeCCtx(stream); }
    };

    Result<void> run(std::span<const uint8_t> bytes, ZSTD_EndDirective directive, ByteBuffer& out) {
        if (stream_ == nullptr) {
            return Error{"zstd: out of memory"};
        }
        ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
        for (bool more = true; more;) {
            ZSTD_outBuffer piece = {piece_.data(), piece_.size(), 0};
            const size_t left = ZSTD_compressStream2(stream_.get(), &piece, &in, directive);
            if (ZSTD_isError(left) != 0) {
                return Error{fmt::format("zstd: {}", ZSTD_getErrorName(left))};
            }
            out.bytes({piece_.data(), piece.pos});
            more = directive == ZSTD_e_continue ? in.pos < in.size : left != 0;
        }
        return {};
    }

    std::unique_ptr<ZSTD_CCtx, Free> stream_{ZSTD_createCCtx()};
    std::vector<uint8_t> piece_ = std::vector<uint8_t>(ZSTD_CStreamOutSize());
};

}  // namespace

std::unique_ptr<pcapng::Compressor> make_zstd_compressor() {
    return std::make_unique<Zstd>();
}

}  // namespace capture
