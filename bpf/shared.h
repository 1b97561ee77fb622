/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space tells all programs while they run, and they each other. It has a section of its
 * own, hence a map that programs of other objects can share.
 */
#ifndef PIDCAP_SHARED_H
#define PIDCAP_SHARED_H

#include "contract.h"

extern struct pidcap_shared shared;

#endif
