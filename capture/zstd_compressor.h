// SPDX-License-Identifier: GPL-2.0-only
//
// Compression of a capture's file with zstd, one frame a file.
#pragma once

#include <memory>

#include "pcapng/compressor.h"

namespace capture {

// The work is done by threads of libzstd's, so that whoever reads the rings only copies bytes. They
// start with the first bytes, and have the rights that the calling thread has then.
std::unique_ptr<pcapng::Compressor> make_zstd_compressor();

}  // namespace capture
