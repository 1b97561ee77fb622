// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/mapping_watch.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace capture::tls {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

// A power of two. A record has some 150 bytes, so this is room for 400 mappings on one CPU until we
// come to read them.
constexpr size_t kDataPages = 16;

// PERF_RECORD_MMAP2 of include/uapi/linux/perf_event.h, up to the file's name.
struct MappingRecord {
    perf_event_header header;
    uint32_t pid;
    uint32_t tid;
    uint64_t address;
    uint64_t length;
    uint64_t offset;
    uint32_t major;
    uint32_t minor;
    uint64_t inode;
    uint64_t generation;
    uint32_t protection;
    uint32_t flags;
};
static_assert(sizeof(MappingRecord) == 72);

size_t page_size() {
    static const auto kSize = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return kSize;
}

Fd open_event(int cpu) {
    perf_event_attr wanted{};
    wanted.size = sizeof(wanted);
    wanted.type = PERF_TYPE_SOFTWARE;
    wanted.config = PERF_COUNT_SW_DUMMY;
    wanted.mmap = 1;
    wanted.mmap2 = 1;
    wanted.watermark = 1;
    wanted.wakeup_watermark = 1;
    return Fd(
        static_cast<int>(syscall(SYS_perf_event_open, &wanted, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
}

bool is_file(std::string_view path) {
    return path.starts_with('/') && !path.starts_with("//");
}

MappedFile mapped_of(const MappingRecord& record, std::string_view path) {
    return {.key = {record.major, record.minor, record.inode, record.generation},
            .pid = record.pid,
            .start = record.address,
            .end = record.address + record.length,
            .path = std::string(path)};
}

// Calls `found` if this is a mapping of a file's code. Returns false if records were lost here.
bool see(const std::vector<std::byte>& bytes, const std::function<void(const MappedFile&)>& found) {
    MappingRecord record{};
    std::memcpy(&record, bytes.data(), std::min(bytes.size(), sizeof(record)));
    if (record.header.type == PERF_RECORD_LOST) {
        return false;
    }
    if (record.header.type != PERF_RECORD_MMAP2 || bytes.size() <= sizeof(record) ||
        (record.protection & PROT_EXEC) == 0 || record.inode == 0) {
        return true;
    }
    const auto* name = reinterpret_cast<const char*>(bytes.data()) + sizeof(record);
    const std::string_view path(name, strnlen(name, bytes.size() - sizeof(record)));
    if (is_file(path)) {
        found(mapped_of(record, path));
    }
    return true;
}

// Reads all records of one CPU's ring. `data` are its pages of data. The kernel writes at
// data_head, and what it wrote is to be read before data_tail moves on.
bool drain(perf_event_mmap_page& control, const std::byte* data, size_t size,
           const std::function<void(const MappedFile&)>& found) {
    const uint64_t head = __atomic_load_n(&control.data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = control.data_tail;
    bool complete = true;
    std::vector<std::byte> record;
    while (tail < head) {
        perf_event_header header{};  // never wraps around: records have multiples of 8 bytes
        std::memcpy(&header, data + tail % size, sizeof(header));
        if (header.size < sizeof(header)) {
            return false;
        }
        record.resize(header.size);
        for (size_t i = 0; i < record.size(); i++) {
            record[i] = data[(tail + i) % size];
        }
        complete = see(record, found) && complete;
        tail += header.size;
    }
    __atomic_store_n(&control.data_tail, tail, __ATOMIC_RELEASE);
    return complete;
}

}  // namespace

void MappingWatch::Unmap::operator()(void* address) const {
    munmap(address, size);
}

pcapng::Result<MappingWatch> MappingWatch::open() {
    MappingWatch watch;
    const long cpus = sysconf(_SC_NPROCESSORS_CONF);
    for (int cpu = 0; cpu < cpus; cpu++) {
        Fd fd = open_event(cpu);
        if (!fd.valid() && errno == ENODEV) {
            continue;  // that CPU is off
        }
        if (!fd.valid()) {
            return errno_error("watch which files are mapped as code (perf_event_open)", errno);
        }
        const size_t size = (1 + kDataPages) * page_size();
        void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
        if (pages == MAP_FAILED) {
            return errno_error("map the ring of a perf event", errno);
        }
        watch.cpus_.push_back({std::move(fd), {pages, Unmap{size}}});
    }
    return watch;
}

int MappingWatch::try_open() {
    return open_event(0).valid() ? 0 : errno;
}

std::vector<int> MappingWatch::fds() const {
    std::vector<int> fds;
    for (const Cpu& cpu : cpus_) {
        fds.push_back(cpu.fd.get());
    }
    return fds;
}

bool MappingWatch::read(const std::function<void(const MappedFile&)>& found) {
    bool complete = true;
    for (Cpu& cpu : cpus_) {
        auto* control = static_cast<perf_event_mmap_page*>(cpu.pages.get());
        const auto* data = static_cast<const std::byte*>(cpu.pages.get()) + page_size();
        complete = drain(*control, data, kDataPages * page_size(), found) && complete;
    }
    return complete;
}

void for_each_mapped(const std::function<void(const MappedFile&)>& found,
                     const std::string& proc_root) {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(proc_root.c_str()), closedir);
    if (folder == nullptr) {
        return;
    }
    while (const dirent* entry = readdir(folder.get())) {
        char* end = nullptr;
        const unsigned long pid = std::strtoul(entry->d_name, &end, 10);
        if (*end == '\0' && pid != 0) {
            const auto files = mapped_files(static_cast<uint32_t>(pid), proc_root);
            for (const MappedFile& file : files ? *files : std::vector<MappedFile>()) {
                found(file);
            }
        }
    }
}

}  // namespace capture::tls
