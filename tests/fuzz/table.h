/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* All targets, as `targets` has them: for the two programs that have them all, replay.c and libfuzzer.c. */

typedef struct FuzzTarget {
        const char *name;
        void (*run)(const uint8_t *data, size_t size);
} FuzzTarget;

extern const FuzzTarget fuzz_targets[]; /* ends with .name = NULL */

const FuzzTarget *fuzz_target_find(const char *name, size_t length);

/* The same locale, log level and time at each run. */
void fuzz_settle(void);
