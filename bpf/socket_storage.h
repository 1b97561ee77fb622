/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PIDCAP_SOCKET_STORAGE_H
#define PIDCAP_SOCKET_STORAGE_H

#include <linux/types.h>

/*
 * Returns the address of the struct pidcap_socket_owner in the storage of the socket at this
 * address, or 0 if there is none. It can't take the value's lock.
 */
__u64 find_stored_owner(__u64 socket);

#endif
