// SPDX-License-Identifier: GPL-2.0-only
//
// What the static libstdc++ and libgcc of g++ 12 take from newer C libraries, so that a portable
// program starts with glibc 2.31. Linked into the program, seen by nothing else.
#include <link.h>
#include <sys/random.h>

#include <cstdint>

#define PIDCAP_HIDDEN extern "C" __attribute__((visibility("hidden")))

#if !__GLIBC_PREREQ(2, 32)
// Whether there is one thread. "No" is always right, and costs an atomic operation.
PIDCAP_HIDDEN char __libc_single_threaded;
char __libc_single_threaded = 0;
#endif

#if !__GLIBC_PREREQ(2, 36)
// 32 random bits, for std::random_device. getrandom(2) gives up to 256 bytes whole.
PIDCAP_HIDDEN uint32_t arc4random() {
    uint32_t number = 0;
    while (getrandom(&number, sizeof number, 0) != sizeof number) {
    }
    return number;
}
#endif

#if !__GLIBC_PREREQ(2, 35)
// As in dlfcn.h: where code is, and the table by which exceptions find their way there.
struct dl_find_object {
    unsigned long long flags;
    void* map_start;
    void* map_end;
    link_map* map;
    void* eh_frame;  // of PT_GNU_EH_FRAME
    unsigned long long reserved[7];
};

namespace {

struct Search {
    uintptr_t pc;
    dl_find_object* result;
};

int look_at(dl_phdr_info* object, size_t, void* data) {
    const auto& search = *static_cast<Search*>(data);
    bool found = false;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const auto& header = object->dlpi_phdr[i];
        const uintptr_t start = object->dlpi_addr + header.p_vaddr;
        if (header.p_type == PT_LOAD && search.pc - start < header.p_memsz) {
            search.result->map_start = reinterpret_cast<void*>(start);
            search.result->map_end = reinterpret_cast<void*>(start + header.p_memsz);
            found = true;
        } else if (header.p_type == PT_GNU_EH_FRAME) {
            search.result->eh_frame = reinterpret_cast<void*>(start);
        }
    }
    if (!found) {
        *search.result = {};
    }
    return found ? 1 : 0;
}

}  // namespace

// Returns 0, or -1 if there is no code at `pc`.
PIDCAP_HIDDEN int _dl_find_object(void* pc, dl_find_object* result) {
    *result = {};
    Search search{reinterpret_cast<uintptr_t>(pc), result};
    return dl_iterate_phdr(look_at, &search) != 0 && result->eh_frame != nullptr ? 0 : -1;
}
#endif
