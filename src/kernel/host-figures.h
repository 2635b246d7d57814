/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* How the whole host is doing, as /proc tells everybody. What a kernel does not tell is FIGURE_UNKNOWN (figure.h), never 0. */

typedef struct HostFigures {
        uint64_t taken_usec;  /* CLOCK_BOOTTIME */
        unsigned cpus;        /* that are on */
        uint64_t busy_usec;   /* of all of them together, since the host's start */
        uint64_t memory, memory_available; /* bytes */
        uint64_t swap, swap_free;
        uint64_t load[3];     /* in hundredths, over 1, 5 and 15 minutes */
        uint64_t cpu_pressure, memory_pressure, io_pressure; /* "some" of the last ten seconds, as pressure.h has it */
} HostFigures;

void host_figures_read(HostFigures *ret);
