// SPDX-License-Identifier: GPL-2.0-only
//
// ProbeServer: what runs in the process that puts probes into TLS libraries (prober.h). It looks at
// each file once that a process maps as code. One thread, and some more to take the probes out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/keys/file_changes.h"
#include "capture/keys/finder_process.h"
#include "capture/keys/key_probe.h"
#include "capture/keys/mapped_file.h"
#include "capture/keys/mapping_watch.h"
#include "capture/keys/plaintext_probe.h"
#include "capture/keys/probe.h"
#include "capture/keys/prober_messages.h"
#include "capture/keys/secret_ring.h"
#include "packet/keyed_hash.h"
#include "pcapng/fd.h"

namespace capture::tls {

class ProbeServer {
  public:
    // The programs that it attaches: one at least.
    struct Programs {
        std::optional<KeyProbes> keys;
        std::optional<PlaintextProbes> plaintext;
    };

    ProbeServer(Programs programs, FinderProcess finder, MappingWatch watch, FileChanges changes)
        : programs_(std::move(programs)),
          finder_(std::move(finder)),
          watch_(std::move(watch)),
          changes_(std::move(changes)) {}

    // Serves `socket` until it is told to stop or the other side has gone.
    void serve(int socket);

  private:
    // What can't be probed in a file, and why.
    using Reasons = std::vector<std::string>;
    // A file that was changed in place is another one.
    using Identity = std::tuple<dev_t, ino_t, int64_t, int64_t>;
    // A mapping that is to be looked at. Its file is open if it wasn't seen before.
    struct Mapped {
        MappedFile file;
        pcapng::Fd opened;
    };

    void obey();
    void look_at_all();
    std::optional<Mapped> see(const MappedFile& file);
    void look_at(const Mapped& mapped);
    void look_at_next();
    static std::optional<Identity> identity_of(const pcapng::Fd& file);
    Reasons look_into(const pcapng::Fd& file, const std::string& path, uint32_t pid);
    std::optional<std::string> probe(const pcapng::Fd& file, const std::string& path, uint32_t pid,
                                     const KeyLogFunction& function, int number);
    std::optional<std::string> probe_plaintext(const pcapng::Fd& file,
                                               const std::vector<PlaintextFunction>& functions,
                                               int number);
    void keep(Probe probe, int number);
    void forget_changed(int number);
    void take_out(const std::vector<size_t>& indexes);
    void take_out_all();
    void send(const MessageWriter& message);

    Programs programs_;
    FinderProcess finder_;
    MappingWatch watch_;
    FileChanges changes_;
    std::unordered_map<FileKey, Reasons, packet::KeyedHash> seen_;
    std::deque<Mapped> pending_;
    std::map<Identity, Reasons> known_;
    std::vector<std::optional<Probe>> probes_;
    uint32_t key_probes_ = 0;
    std::unordered_map<int, std::vector<size_t>> by_file_;  // indexes; by the number in changes_
    int socket_ = -1;
    bool alive_ = true;
};

}  // namespace capture::tls
