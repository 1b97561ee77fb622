// SPDX-License-Identifier: GPL-2.0-only
//
// The numbers of the pcapng format that we write or understand. Section names are those of
// draft-ietf-opsawg-pcapng; "Darwin" is what Apple's tcpdump writes and Wireshark 4.6 reads
// (wiretap/pcapng-darwin.c); PIB is Wireshark 5's process information block. What each version of
// Wireshark makes of them: docs/file-format.md.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pcapng {

// Block types ("Block Types").
inline constexpr uint32_t kSectionHeaderBlock = 0x0A0D0D0A;
inline constexpr uint32_t kInterfaceDescriptionBlock = 1;
inline constexpr uint32_t kPacketBlock = 2;  // obsolete, read only
inline constexpr uint32_t kSimplePacketBlock = 3;
inline constexpr uint32_t kNameResolutionBlock = 4;
inline constexpr uint32_t kInterfaceStatisticsBlock = 5;
inline constexpr uint32_t kEnhancedPacketBlock = 6;
inline constexpr uint32_t kJournalExportBlock = 9;
inline constexpr uint32_t kDecryptionSecretsBlock = 10;
inline constexpr uint32_t kCustomBlock = 0x00000BAD;         // copied by rewriting tools
inline constexpr uint32_t kCustomBlockNoCopy = 0x40000BAD;   // not to be copied
inline constexpr uint32_t kDarwinProcessBlock = 0x80000001;  // Darwin, "DPIB"

// Secrets of a decryption secrets block ("Decryption Secrets Block"): "TLSK", lines of a key log.
inline constexpr uint32_t kTlsKeyLog = 0x544c534b;

// Records of a name resolution block: an address and its names, each with a NUL.
inline constexpr uint16_t kNameRecordIpv4 = 1;
inline constexpr uint16_t kNameRecordIpv6 = 2;

inline constexpr uint32_t kByteOrderMagic = 0x1A2B3C4D;  // "Section Header Block"
inline constexpr uint16_t kMajorVersion = 1;
inline constexpr uint16_t kMinorVersion = 0;

// type, total length, trailing total length
inline constexpr size_t kBlockOverhead = 12;

// The largest block we read; also Wireshark's limit (wiretap/pcapng.c, MAX_BLOCK_SIZE).
inline constexpr size_t kMaxBlockSize = size_t{16} * 1024 * 1024;
// A key log is written in blocks of this many bytes at most.
inline constexpr size_t kMaxKeyLog = size_t{1024} * 1024;
// The most packet bytes in a block: WTAP_MAX_PACKET_SIZE_STANDARD, tcpdump's MAXIMUM_SNAPLEN.
inline constexpr uint32_t kMaxPacketSize = 262144;
// An option's length is 16 bits ("Options").
inline constexpr size_t kMaxOptionSize = 65535;

// Options of any block.
inline constexpr uint16_t kOptEnd = 0;
inline constexpr uint16_t kOptComment = 1;

// "Section Header Block Options"
inline constexpr uint16_t kShbHardware = 2;
inline constexpr uint16_t kShbOs = 3;
inline constexpr uint16_t kShbApplication = 4;

// "Interface Description Block Options"
inline constexpr uint16_t kIfName = 2;
inline constexpr uint16_t kIfDescription = 3;
inline constexpr uint16_t kIfMacAddress = 6;
inline constexpr uint16_t kIfSpeed = 8;
inline constexpr uint16_t kIfTsresol = 9;
inline constexpr uint16_t kIfFilter = 11;
inline constexpr uint16_t kIfOs = 12;
inline constexpr uint16_t kIfTsoffset = 14;

inline constexpr uint8_t kTsresolNanoseconds = 9;   // 10^-9 s
inline constexpr uint8_t kTsresolMicroseconds = 6;  // the default without if_tsresol
inline constexpr uint8_t kFilterIsText = 0;         // first byte of if_filter: libpcap syntax

// "Enhanced Packet Block Options"; epb_verdict (7) is not written: Wireshark 4.0 rewrites it into
// an unreadable file.
inline constexpr uint16_t kEpbFlags = 2;
inline constexpr uint16_t kEpbDropcount = 4;
inline constexpr uint16_t kEpbProcessThread = 8;       // u32 pid, u32 tid
inline constexpr uint16_t kEpbDarwinProcess = 0x8001;  // u32 index of a DPIB, from 0, file order
// Darwin's 0x8003 names the process on whose behalf the first one acts: not a peer, so not written.
inline constexpr uint16_t kEpbDarwinEffective = 0x8003;

// "Interface Statistics Block Options"
inline constexpr uint16_t kIsbStartTime = 2;
inline constexpr uint16_t kIsbEndTime = 3;
inline constexpr uint16_t kIsbReceived = 4;
inline constexpr uint16_t kIsbDropped = 5;
inline constexpr uint16_t kIsbFilterAccepted = 6;
inline constexpr uint16_t kIsbOsDropped = 7;
inline constexpr uint16_t kIsbDelivered = 8;

// Darwin process block: u32 pid, then these.
inline constexpr uint16_t kDarwinName = 2;
inline constexpr uint16_t kDarwinUuid = 4;  // 16 bytes

// PIB: a custom block of the Wireshark Foundation's enterprise number, entry type 3. After the PEN
// everything is little-endian in every section: u32 entry type, u32 entry length, u32 pid, options.
inline constexpr uint32_t kWiresharkPen = 32622;
inline constexpr uint32_t kProcessInformationEntry = 3;
inline constexpr uint16_t kPibName = 2;
inline constexpr uint16_t kPibPath = 3;
inline constexpr uint16_t kPibCmdline = 4;  // NUL-separated arguments
inline constexpr uint16_t kPibParentPid = 5;
inline constexpr uint16_t kPibUid = 6;
inline constexpr uint16_t kPibUser = 7;
inline constexpr uint16_t kPibStartTime = 9;  // u64 ns since the epoch

}  // namespace pcapng
