// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/quic_keys.h"

#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <cassert>
#include <string>
#include <string_view>

namespace forensics {
namespace {

using packet::QuicVersion;
using namespace std::string_view_literals;

using Salt = std::array<uint8_t, 20>;

// RFC 9001, 5.2; RFC 9369, 3.3.1; and the drafts of both.
constexpr Salt kSaltV1{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                       0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
constexpr Salt kSaltV2{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                       0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
constexpr Salt kSaltV2Draft{0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d,
                            0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3};
constexpr Salt kSaltDraft29{0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                            0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
constexpr Salt kSaltDraft23{0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                            0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};

constexpr size_t kMaxNumber = 4;  // bytes of a packet number

const Salt& salt_of(QuicVersion version) {
    switch (version) {
        case QuicVersion::kDraft23:
            return kSaltDraft23;
        case QuicVersion::kDraft29:
            return kSaltDraft29;
        case QuicVersion::kV2Draft:
            return kSaltV2Draft;
        case QuicVersion::kV2:
            return kSaltV2;
        case QuicVersion::kNone:
        case QuicVersion::kV1:
            break;
    }
    return kSaltV1;
}

const uint8_t* octets(std::span<const std::byte> bytes) {
    const void* start = bytes.data();
    return static_cast<const uint8_t*>(start);
}

// RFC 8446, 7.1: HKDF-Expand-Label without a context.
template <size_t kSize>
std::array<uint8_t, kSize> expand(std::span<const uint8_t> secret, std::string_view label) {
    constexpr std::string_view kPrefix = "tls13 ";
    std::string info{'\0', static_cast<char>(kSize),
                     static_cast<char>(kPrefix.size() + label.size())};
    info.append(kPrefix).append(label).push_back('\0');
    std::array<uint8_t, kSize> out{};
    hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, secret.size(), secret.data());
    const void* start = info.data();
    const auto update = [](void* hmac, size_t size, const uint8_t* bytes) {
        hmac_sha256_update(static_cast<hmac_sha256_ctx*>(hmac), size, bytes);
    };
    const auto digest = [](void* hmac, size_t size, uint8_t* bytes) {
        hmac_sha256_digest(static_cast<hmac_sha256_ctx*>(hmac), size, bytes);
    };
    hkdf_expand(&context, update, digest, SHA256_DIGEST_SIZE, info.size(),
                static_cast<const uint8_t*>(start), out.size(), out.data());
    return out;
}

}  // namespace

QuicKeys::QuicKeys(QuicVersion version, std::span<const std::byte> connection_id) {
    const Salt& salt = salt_of(version);
    std::array<uint8_t, SHA256_DIGEST_SIZE> initial{};
    hmac_sha256_ctx context;  // HKDF-Extract is one HMAC (RFC 5869, 2.2)
    hmac_sha256_set_key(&context, salt.size(), salt.data());
    hmac_sha256_update(&context, connection_id.size(), octets(connection_id));
    hmac_sha256_digest(&context, initial.size(), initial.data());
    const auto client = expand<SHA256_DIGEST_SIZE>(initial, "client in");
    const bool second = version == QuicVersion::kV2 || version == QuicVersion::kV2Draft;
    const auto key = expand<AES128_KEY_SIZE>(client, second ? "quicv2 key"sv : "quic key"sv);
    const auto header = expand<AES128_KEY_SIZE>(client, second ? "quicv2 hp"sv : "quic hp"sv);
    iv_ = expand<GCM_IV_SIZE>(client, second ? "quicv2 iv"sv : "quic iv"sv);
    gcm_aes128_set_key(&packet_, key.data());
    aes128_set_encrypt_key(&header_, header.data());
}

bool QuicKeys::open(const packet::QuicInitial& initial, std::vector<std::byte>& payload) const {
    const size_t at = initial.number_offset;
    assert(initial.bytes.size() >= at + kMaxNumber + AES_BLOCK_SIZE);
    // RFC 9001, 5.4: a mask over the first byte and the number, from a sample of what follows.
    std::array<uint8_t, AES_BLOCK_SIZE> mask{};
    aes128_encrypt(&header_, mask.size(), mask.data(),
                   octets(initial.bytes.subspan(at + kMaxNumber)));
    const auto first = static_cast<uint8_t>(*octets(initial.bytes) ^ (mask[0] & 0x0f));
    const size_t number_size = size_t{first & 3U} + 1;
    const size_t header_size = at + number_size;
    if (initial.bytes.size() < header_size + GCM_DIGEST_SIZE) {
        return false;
    }
    std::vector<uint8_t> header(octets(initial.bytes), octets(initial.bytes) + header_size);
    header[0] = first;
    // RFC 9001, 5.3: the nonce. A client has sent few packets yet: the number is whole.
    std::array<uint8_t, GCM_IV_SIZE> nonce = iv_;
    for (size_t i = 0; i < number_size; ++i) {
        header[at + i] ^= mask[1 + i];
        nonce[nonce.size() - number_size + i] ^= header[at + i];
    }
    const std::span<const std::byte> sealed = initial.bytes.subspan(header_size);
    payload.resize(sealed.size() - GCM_DIGEST_SIZE);
    gcm_aes128_ctx context = packet_;
    gcm_aes128_set_iv(&context, nonce.size(), nonce.data());
    gcm_aes128_update(&context, header.size(), header.data());
    void* out = payload.data();
    gcm_aes128_decrypt(&context, payload.size(), static_cast<uint8_t*>(out), octets(sealed));
    std::array<uint8_t, GCM_DIGEST_SIZE> digest{};
    gcm_aes128_digest(&context, digest.size(), digest.data());
    return memeql_sec(digest.data(), octets(sealed.last(digest.size())), digest.size()) != 0;
}

}  // namespace forensics
