// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/plaintext_function.h"

namespace capture::tls {

std::string_view name_of(PlaintextLibrary library) {
    switch (library) {
        case PlaintextLibrary::kOpenSsl:
            return "OpenSSL";
        case PlaintextLibrary::kBoringSsl:
            return "BoringSSL";
        case PlaintextLibrary::kGnuTls:
            return "GnuTLS";
        case PlaintextLibrary::kGo:
            return "Go";
        case PlaintextLibrary::kNss:
            return "NSS";
    }
    return "";
}

std::string_view name_of(PlaintextCall call) {
    switch (call) {
        case PlaintextCall::kSslRead:
            return "SSL_read";
        case PlaintextCall::kSslReadEx:
            return "SSL_read_ex";
        case PlaintextCall::kSslReadEarlyData:
            return "SSL_read_early_data";
        case PlaintextCall::kSslWrite:
            return "SSL_write";
        case PlaintextCall::kSslWriteEx:
            return "SSL_write_ex";
        case PlaintextCall::kSslWriteEx2:
            return "SSL_write_ex2";
        case PlaintextCall::kSslWriteEarlyData:
            return "SSL_write_early_data";
        case PlaintextCall::kGnutlsRecordRecv:
            return "gnutls_record_recv";
        case PlaintextCall::kGnutlsRecordRecvSeq:
            return "gnutls_record_recv_seq";
        case PlaintextCall::kGnutlsRecordSend:
            return "gnutls_record_send";
        case PlaintextCall::kGnutlsRecordSend2:
            return "gnutls_record_send2";
        case PlaintextCall::kGnutlsRecordUncork:
            return "gnutls_record_uncork";
        case PlaintextCall::kGoRead:
            return "crypto/tls.(*Conn).Read";
        case PlaintextCall::kGoWrite:
            return "crypto/tls.(*Conn).Write";
        case PlaintextCall::kNssRead:
            return "ssl_Read";
        case PlaintextCall::kNssRecv:
            return "ssl_Recv";
        case PlaintextCall::kNssWrite:
            return "ssl_Write";
        case PlaintextCall::kNssSend:
            return "ssl_Send";
    }
    return "";
}

bool is_sending(PlaintextCall call) {
    switch (call) {
        case PlaintextCall::kSslWrite:
        case PlaintextCall::kSslWriteEx:
        case PlaintextCall::kSslWriteEx2:
        case PlaintextCall::kSslWriteEarlyData:
        case PlaintextCall::kGnutlsRecordSend:
        case PlaintextCall::kGnutlsRecordSend2:
        case PlaintextCall::kGnutlsRecordUncork:
        case PlaintextCall::kGoWrite:
        case PlaintextCall::kNssWrite:
        case PlaintextCall::kNssSend:
            return true;
        default:
            return false;
    }
}

// What was corked has been handed over before.
bool is_repeating(PlaintextCall call) {
    return call == PlaintextCall::kGnutlsRecordUncork;
}

}  // namespace capture::tls
