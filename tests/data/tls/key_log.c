// SPDX-License-Identifier: GPL-2.0-only
//
// A library that has nothing of TLS but a key log. `build` beside it says what the files
// are that are made of it.
#define NULL ((void*)0)

typedef unsigned char byte;
typedef unsigned long size;

struct state {
    long version;
    byte server_random[32];
    byte client_random[32];
};
struct connection {
    long more[20];
    struct state* state;
    void (*log)(const struct connection* connection, const char* line);
};

size strlen(const char* text);
char* strcpy(char* to, const char* from);

static char* put_text(char* to, const char* text) {
    const size length = strlen(text);
    strcpy(to, text);
    to[length] = ' ';
    return to + length + 1;
}

static char* put_hex(char* to, const byte* from, size length) {
    for (size i = 0; i < length; i++) {
        *to++ = "0123456789abcdef"[from[i] >> 4];
        *to++ = "0123456789abcdef"[from[i] & 15];
    }
    return to;
}

__attribute__((noinline, visibility("hidden"))) int log_secret(const struct connection* connection,
                                                               const char* label,
                                                               const byte* secret, size length) {
    char line[400];
    if (connection->log == NULL) {
        return 1;
    }
    if (length > 64) {
        return 0;
    }
    char* end = put_text(line, label);
#ifndef NO_RANDOM
    end = put_hex(end, connection->state->client_random, 32);
    *end++ = ' ';
#endif
#ifdef TWO_RANDOMS
    end = put_hex(end, connection->state->server_random, 32);
    *end++ = ' ';
#endif
    end = put_hex(end, secret, length);
    *end = 0;
    connection->log(connection, line);
    return 1;
}

int log_handshake(const struct connection* connection, const byte* client, const byte* server,
                  size length) {
    return log_secret(connection, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", client, length) &&
           log_secret(connection, "SERVER_HANDSHAKE_TRAFFIC_SECRET", server, length);
}

int log_traffic(const struct connection* connection, const byte* client, const byte* server,
                size length) {
    return log_secret(connection, "CLIENT_TRAFFIC_SECRET_0", client, length) &&
           log_secret(connection, "SERVER_TRAFFIC_SECRET_0", server, length);
}

int log_master(const struct connection* connection, const byte* master) {
    return log_secret(connection, "CLIENT_RANDOM", master, 48);
}
