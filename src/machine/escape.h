/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The keys that leave a terminal, found in what is typed: ^] three times within a second, or (where power keys are
 * wanted) ^] twice and then p or r, within the same second. They are systemd-nspawn(1)'s and machinectl(1)'s. Every byte
 * before the last one has been passed on by then, as there: a single ^] must reach a telnet in the machine at once. */

#define ESCAPE_BYTE 0x1d /* ^] */
#define ESCAPE_USEC (1000 * 1000)

typedef enum EscapeKey {
        ESCAPE_NONE,
        ESCAPE_LEAVE,    /* ^]^]^] */
        ESCAPE_POWEROFF, /* ^]^]p */
        ESCAPE_REBOOT,   /* ^]^]r */
} EscapeKey;

typedef struct EscapeState {
        unsigned count;
        uint64_t first_usec;
} EscapeState;

/* One byte, typed at now_usec (CLOCK_MONOTONIC). */
EscapeKey escape_scan(EscapeState *s, char c, uint64_t now_usec, bool power_keys);
