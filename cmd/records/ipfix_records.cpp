// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/records/ipfix_records.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <thread>
#include <utility>

namespace cmd {
namespace {

using pcapng::Result;

// How often a collector that has come later gets to know the templates.
constexpr std::chrono::seconds kTemplates{60};
// How long a record waits for others in its message.
constexpr std::chrono::milliseconds kWait{500};
// A file's records come faster than a collector takes them: so much time for a message.
constexpr std::chrono::microseconds kPace{500};

constexpr int kEthernetMtu = 1500;
constexpr int kSmallestMtu = 1280;  // of IPv6
constexpr int kHeaders = kSmallestMtu - int{forensics::IpfixWriter::kSmallestMessage};

// What a message to a connected peer may have, so that IP needn't cut it.
size_t most_bytes(int fd, sa_family_t family) {
    int mtu = kSmallestMtu;
    socklen_t length = sizeof(mtu);
    const int asked = family == AF_INET6 ? getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &length)
                                         : getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &length);
    mtu = asked == 0 ? mtu : kSmallestMtu;
    return static_cast<size_t>(std::clamp(mtu, kSmallestMtu, kEthernetMtu) - kHeaders);
}

uint32_t now_seconds() {
    return static_cast<uint32_t>(std::time(nullptr));
}

}  // namespace

Result<std::unique_ptr<IpfixRecords>> IpfixRecords::open(const CollectorAddress& address,
                                                         uint32_t enterprise, RecordSource source) {
    auto fd = address.make_socket();
    if (!fd) {
        return std::move(fd).error();
    }
    const auto* to = reinterpret_cast<const sockaddr*>(&address.address);
    if (::connect(fd->get(), to, address.length) != 0) {
        return pcapng::errno_error("--ipfix " + address.text, errno);
    }
    const size_t most = most_bytes(fd->get(), address.address.ss_family);
    return std::unique_ptr<IpfixRecords>(
        new IpfixRecords(address.text, *std::move(fd), enterprise, most, source));
}

IpfixRecords::IpfixRecords(std::string to, pcapng::Fd fd, uint32_t enterprise, size_t most_bytes,
                           RecordSource source)
    : to_(std::move(to)),
      fd_(std::move(fd)),
      source_(source),
      writer_(enterprise, most_bytes, [this](std::span<const uint8_t> message, size_t records) {
          send(message, records);
      }) {}

void IpfixRecords::refused(int code, size_t records) {
    if (records > 0) {
        why_ = why_.empty() ? std::generic_category().message(code) : why_;
        refused_ += records;
    }
}

// ECONNREFUSED is the answer to the message before: then this one hasn't been sent yet.
void IpfixRecords::send(std::span<const uint8_t> message, size_t records) {
    constexpr int kTries = 2;
    for (int i = 0; i < kTries; ++i) {
        if (::send(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0) {
            latest_ = records;
            if (source_ == RecordSource::kFile) {
                std::this_thread::sleep_for(kPace);
            }
            return;
        }
        if (errno != ECONNREFUSED) {
            break;
        }
        refused(errno, std::exchange(latest_, 0));
    }
    refused(errno, records);
}

Result<void> IpfixRecords::add(const forensics::FlowRecord& record) {
    const auto now = Clock::now();
    if (now >= templates_due_) {
        writer_.send_templates(now_seconds());
        templates_due_ = now + kTemplates;
    }
    if (writer_.is_empty()) {
        flush_due_ = now + kWait;
    }
    writer_.add(record, now_seconds());
    return {};
}

Result<void> IpfixRecords::serve() {
    if (!writer_.is_empty() && Clock::now() >= flush_due_) {
        writer_.flush(now_seconds());
    }
    return {};
}

int IpfixRecords::milliseconds_left() const {
    if (writer_.is_empty()) {
        return -1;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(flush_due_ - Clock::now()).count();
    return static_cast<int>(std::max<int64_t>(left, 0));
}

Result<void> IpfixRecords::finish() {
    writer_.flush(now_seconds());
    int code = 0;
    socklen_t length = sizeof(code);
    if (getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &code, &length) == 0 && code != 0) {
        refused(code, std::exchange(latest_, 0));
    }
    return {};
}

std::vector<std::string> IpfixRecords::end_lines() const {
    if (refused_ == 0) {
        return {};
    }
    return {fmt::format("--ipfix {}: at least {} data records were lost: {}", to_, refused_, why_)};
}

}  // namespace cmd
