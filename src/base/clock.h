/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <time.h>

/* Microseconds of a clock: CLOCK_MONOTONIC for how long, CLOCK_REALTIME for when. */
static inline uint64_t clock_usec(clockid_t clock) {
        struct timespec ts;

        clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

/* Do nothing for so long, or less where a signal comes. */
static inline void clock_pause(uint64_t usec) {
        (void) nanosleep(&(struct timespec){ .tv_sec = (time_t) (usec / 1000000), .tv_nsec = (long) (usec % 1000000) * 1000 }, NULL);
}

/* That many microseconds from now on CLOCK_MONOTONIC; UINT64_MAX where that is beyond all time. */
static inline uint64_t clock_deadline(uint64_t usec) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        return usec > UINT64_MAX - now ? UINT64_MAX : now + usec;
}
