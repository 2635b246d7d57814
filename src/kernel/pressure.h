/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* What part of the time something waits for a resource (PSI): of a group (cpu.pressure …) or of the host (/proc/pressure/cpu). "some": one
 * task or more waited; "full": all that were not idle did. */

typedef struct PressureLine {
        uint64_t avg10, avg60, avg300; /* of the last seconds, in hundredths of a percent; FIGURE_UNKNOWN */
        uint64_t total;                /* µs; FIGURE_UNKNOWN */
} PressureLine;

typedef struct Pressure {
        PressureLine some, full; /* the host's CPU pressure may have no "full" (before Linux 5.13) */
} Pressure;

/* 0 or -errno, with all unknown: the kernel was built without it, does not do it (psi=0), or was told not to for that group. */
int pressure_read(int dirfd, const char *file, Pressure *ret);

/* A descriptor of the caller's that is ready (EPOLLPRI) when in ten seconds something waited for a thousandth of one; until then nobody is woken,
 * and nothing runs for it in the kernel. -errno where it does not do that for who is not privileged (Linux 6.5): for those that are, it starts a
 * thread for each group. */
int pressure_watch(int dirfd, const char *file);

/* The same from text, which is torn apart. */
int pressure_parse(char *text, Pressure *ret);
