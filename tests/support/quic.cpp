// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/quic.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>

namespace test {
namespace {

const uint8_t* octets(const std::string& text) {
    const void* start = text.data();
    return static_cast<const uint8_t*>(start);
}

std::string hmac(const std::string& key, const std::string& text) {
    hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, key.size(), octets(key));
    hmac_sha256_update(&context, text.size(), octets(text));
    std::string digest(SHA256_DIGEST_SIZE, '\0');
    void* out = digest.data();
    hmac_sha256_digest(&context, digest.size(), static_cast<uint8_t*>(out));
    return digest;
}

// RFC 8446, 7.1; one block of RFC 5869, 2.3 is enough.
std::string expand(const std::string& secret, const std::string& label, size_t size) {
    const std::string full = "tls13 " + label;
    return hmac(secret, std::string{'\0', static_cast<char>(size), static_cast<char>(full.size())} +
                            full + std::string("\0\1", 2))
        .substr(0, size);
}

std::string be32(uint32_t number) {
    return {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
            static_cast<char>(number >> 8), static_cast<char>(number)};
}

}  // namespace

std::string quic_varint(uint64_t value) {
    if (value < 0x40) {
        return {static_cast<char>(value)};
    }
    return be32(static_cast<uint32_t>(value) | 0x80000000U);
}

std::string quic_crypto(uint64_t offset, const std::string& bytes) {
    return '\6' + quic_varint(offset) + quic_varint(bytes.size()) + bytes;
}

std::string quic_initial(const QuicPacket& packet) {
    const bool second = packet.version == kQuic2;
    const std::string salt(second ? "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93"
                                    "\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"
                                  : "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17"
                                    "\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
                           20);
    const std::string client = expand(hmac(salt, packet.key_id), "client in", 32);
    const std::string prefix = second ? "quicv2 " : "quic ";
    const std::string key = expand(client, prefix + "key", 16);
    const std::string header_key = expand(client, prefix + "hp", 16);
    std::string nonce = expand(client, prefix + "iv", 12);

    const size_t number_size = packet.number_size;
    std::string header{static_cast<char>((second ? 0xd0 : 0xc0) | (number_size - 1))};
    header += be32(packet.version);
    header += static_cast<char>(packet.id.size()) + packet.id + '\0';
    header += quic_varint(packet.token.size()) + packet.token;
    header += quic_varint(number_size + packet.frames.size() + GCM_DIGEST_SIZE);
    const size_t at = header.size();
    header += be32(packet.number).substr(4 - number_size);
    for (size_t i = 0; i < number_size; ++i) {
        nonce[12 - number_size + i] =
            static_cast<char>(nonce[12 - number_size + i] ^ header[at + i]);
    }
    gcm_aes128_ctx gcm;
    gcm_aes128_set_key(&gcm, octets(key));
    gcm_aes128_set_iv(&gcm, nonce.size(), octets(nonce));
    gcm_aes128_update(&gcm, header.size(), octets(header));
    std::string sealed(packet.frames.size() + GCM_DIGEST_SIZE, '\0');
    void* out = sealed.data();
    auto* bytes = static_cast<uint8_t*>(out);
    gcm_aes128_encrypt(&gcm, packet.frames.size(), bytes, octets(packet.frames));
    gcm_aes128_digest(&gcm, GCM_DIGEST_SIZE, bytes + packet.frames.size());

    aes128_ctx aes;
    aes128_set_encrypt_key(&aes, octets(header_key));
    std::string mask(AES_BLOCK_SIZE, '\0');
    void* mask_start = mask.data();
    const std::string whole = header + sealed;
    if (whole.size() < at + 4 + AES_BLOCK_SIZE) {
        return whole;
    }
    aes128_encrypt(&aes, mask.size(), static_cast<uint8_t*>(mask_start), octets(whole) + at + 4);
    header[0] = static_cast<char>(header[0] ^ (mask[0] & 0x0f));
    for (size_t i = 0; i < number_size; ++i) {
        header[at + i] = static_cast<char>(header[at + i] ^ mask[i + 1]);
    }
    return header + sealed;
}

}  // namespace test
