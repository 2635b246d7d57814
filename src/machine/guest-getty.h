/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "guest.h"
#include "init.h"

/* How long after its start, in µs, a guest may still be about to start gettys of its own on /dev/tty1…. It is a guess from which
 * init it has and what its inittab says: what is certain is only a getty that is there. */
uint64_t guest_getty_wait(const Guest *g, InitKind kind);
