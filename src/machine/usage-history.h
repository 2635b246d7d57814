/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "machine-usage.h"

/* What a machine used in the last hour: a ring of samples in the file "usage" beside its record, in which the machine's supervisor puts one a
 * minute, and none while nothing happens inside. It is there over reboots, for everybody to read, and gone with the machine.
 *
 * The file is this host's, of one boot: numbers as its processor has them, one behind the other: a head, and the samples. Its size follows from
 * the head; what is not so is no history. Who reads does not lock: the sample that is just being written is told by its time, and passed over. */

#define USAGE_HISTORY_SAMPLES 64

typedef struct UsageSample {
        uint64_t taken_usec;   /* CLOCK_BOOTTIME */
        uint64_t leader_start; /* of the life that it is of */
        uint64_t cpu_usec;     /* these as in MachineUsage, or FIGURE_UNKNOWN */
        uint64_t memory;
        uint64_t tasks;
} UsageSample;

typedef struct UsageHistory {
        UsageSample samples[USAGE_HISTORY_SAMPLES]; /* oldest first */
        size_t n;
} UsageHistory;

/* dir: of the machine's record. 0 or -errno. */
int usage_history_add(int dir, const MachineUsage *u);

/* No file, or one that is none, has no samples. */
void usage_history_read(const char *machine, UsageHistory *ret);
void usage_history_read_at(int dir, UsageHistory *ret);

/* A new start of the name begins without. */
void usage_history_forget(int dir);

/* The last sample of the same life as `now` that is at least a second older; NULL: there is none. */
const UsageSample *usage_history_before(const UsageHistory *h, const MachineUsage *now);

/* What part of one CPU it used since, in hundredths of a percent; FIGURE_UNKNOWN. */
uint64_t usage_history_cpu_rate(const UsageSample *before, const MachineUsage *now);
