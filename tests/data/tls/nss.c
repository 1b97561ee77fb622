// SPDX-License-Identifier: GPL-2.0-only
//
// A library that has nothing of NSS but the table of functions that it hands to NSPR. `build`
// beside it says what the files are that are made of it.
typedef int function(void* file, void* buffer, int length, int flags, unsigned timeout);

struct methods {  // nspr's prio.h, PRIOMethods
    int type;
    function* functions[35];
};

const struct methods* PR_GetDefaultIOMethods(void);
int PR_GetUniqueIdentity(const char* name);
int PR_Pass(int which, void* file, void* buffer, int length);
function PR_EmulateSendFile;

#define PASSES(name, which)                                                              \
    static int name(void* file, void* buffer, int length, int flags, unsigned timeout) { \
        return PR_Pass(which, file, buffer, length) - which - flags - (int)timeout;      \
    }
// clang-format off
PASSES(ssl_Close, 1) PASSES(ssl_Read, 2) PASSES(ssl_Write, 3) PASSES(ssl_Available, 4)
PASSES(ssl_Available64, 5) PASSES(ssl_FSync, 6) PASSES(ssl_Seek, 7) PASSES(ssl_Seek64, 8)
PASSES(ssl_FileInfo, 9) PASSES(ssl_FileInfo64, 10) PASSES(ssl_WriteV, 11) PASSES(ssl_Connect, 12)
PASSES(ssl_Accept, 13) PASSES(ssl_Bind, 14) PASSES(ssl_Listen, 15) PASSES(ssl_Shutdown, 16)
PASSES(ssl_Recv, 17) PASSES(ssl_Send, 18) PASSES(ssl_RecvFrom, 19) PASSES(ssl_SendTo, 20)
PASSES(ssl_Poll, 21)

static const struct methods ssl_methods = {4, {
    ssl_Close, ssl_Read, ssl_Write, ssl_Available, ssl_Available64, ssl_FSync, ssl_Seek, ssl_Seek64,
    ssl_FileInfo, ssl_FileInfo64, ssl_WriteV, ssl_Connect, ssl_Accept, ssl_Bind, ssl_Listen,
    ssl_Shutdown, ssl_Recv, ssl_Send, ssl_RecvFrom, ssl_SendTo, ssl_Poll, PR_EmulateSendFile}};
// clang-format on

static struct methods combined;
static int identity;

__attribute__((noinline)) static int set_up(void) {
    identity = PR_GetUniqueIdentity("SSL");
    combined = *PR_GetDefaultIOMethods();
    combined.type = ssl_methods.type;
#pragma GCC unroll 22
    for (int i = 0; i < 22; i++) {
#ifdef GAP
        if (i == 4) {
            continue;
        }
#endif
        combined.functions[i] = ssl_methods.functions[i];
    }
#ifdef TWO_TABLES
    static struct methods other;
    other = *PR_GetDefaultIOMethods();
    other.type = 4;
#pragma GCC unroll 21
    for (int i = 0; i < 21; i++) {
        other.functions[i] = ssl_methods.functions[20 - i];
    }
    identity += other.functions[0](&other, &other, 0, 0, 0);
#endif
    return 0;
}

const struct methods* SSL_ImportFD(void) {
    return set_up() == 0 ? &combined : 0;
}
