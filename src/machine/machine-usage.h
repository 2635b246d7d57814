/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "figure.h"
#include "machine.h"
#include "pressure.h"

/* What a machine uses, as the kernel counts it for its group: the processes inside, and not its supervisor. Counts begin with each start of
 * the machine and each reboot. What this host cannot tell is FIGURE_UNKNOWN, and so is a limit that there is not. Needs no root. */

typedef struct MachineUsage {
        uint64_t taken_usec;   /* CLOCK_BOOTTIME */
        uint64_t leader_start; /* of the record: another one is another life */

        uint64_t cpu_usec, cpu_user_usec, cpu_system_usec; /* CPU time used */
        uint64_t throttled_usec; /* how long its tasks were held back by its own CPUQuota= */
        uint64_t cpu_max;        /* µs of CPU time in a second that it may use: 1000000 is one CPU */

        uint64_t memory;      /* bytes; with the page cache of its files */
        bool memory_is_summed; /* no: there is no memory controller, and this is the anonymous memory of its processes */
        uint64_t memory_anon, memory_file, memory_peak;
        uint64_t memory_max, memory_high; /* the smallest of its own and of all groups above */
        uint64_t swap, swap_max;
        uint64_t oom_kills; /* processes ended for want of memory */

        uint64_t tasks, tasks_max; /* threads of the machine, as TasksMax= counts */

        uint64_t io_read, io_written; /* bytes from and to disks */
        uint64_t io_reads, io_writes; /* requests */

        /* Bytes and packets of all of its interfaces, from the machine's view. 0 where it has none; unknown where they are the host's or
         * another's, and as long as one of them cannot be found. */
        uint64_t net_received, net_sent;
        uint64_t net_received_packets, net_sent_packets;
        uint64_t net_received_errors, net_sent_errors;
        uint64_t net_received_dropped, net_sent_dropped;

        Pressure cpu_pressure, memory_pressure, io_pressure;
} MachineUsage;

/* Once for all machines that are looked at: what is asked for only once, and a socket. */
typedef struct UsageReader UsageReader;

int usage_reader_new(UsageReader **ret, Error **reterr);
void usage_reader_free(UsageReader *r);
DEFINE_CLEANUP(UsageReader *, usage_reader_free);

/* 0; -ESRCH with an Error where it has no group, or that has gone: it has ended, or is between two lives. */
int machine_usage_read(UsageReader *reader, const Machine *m, MachineUsage *ret, Error **reterr);

/* Of its group alone, and of that CPU time, memory and tasks only: a few files, for who asks again and again (usage-history.h). */
int machine_usage_read_few(const Machine *m, MachineUsage *ret, Error **reterr);

/* What it used in each second between two of these; FIGURE_UNKNOWN where it cannot be told: another life, a count that went backwards (an
 * interface that was taken away), no time between them. */
typedef struct UsageRates {
        uint64_t cpu; /* hundredths of a percent of one CPU: 10000 is one */
        uint64_t io_read, io_written, net_received, net_sent; /* bytes */
} UsageRates;

UsageRates usage_rates(const MachineUsage *before, const MachineUsage *now);
