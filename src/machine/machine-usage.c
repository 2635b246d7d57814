/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-usage.h"

#include <fcntl.h>
#include <string.h>

#include "cgroup.h"
#include "cgroup-io.h"
#include "cgroup-stat.h"
#include "cgroup-tasks.h"
#include "clock.h"
#include "fd.h"
#include "host-machine.h"
#include "machine-traffic.h"

/* What is read of the group is the kernel's own text, whoever is root inside. Groups within are not looked into, where a controller is there
 * to count for them. Each file is opened, read and closed; one that is not there is one figure less. */

#define LEVELS_MAX 32 /* of groups above */

struct UsageReader {
        Netlink *nl; /* NULL: there is none to be had */
        CgroupIoStacked stacked;
};

int usage_reader_new(UsageReader **ret, Error **reterr) {
        UsageReader *r = calloc(1, sizeof(*r));

        if (!r)
                return error_oom(reterr);
        (void) netlink_new(NETLINK_ROUTE, -1, &r->nl);
        cgroup_io_stacked(&r->stacked);
        *ret = r;
        return 0;
}

void usage_reader_free(UsageReader *r) {
        if (!r)
                return;
        netlink_free(r->nl);
        free(r);
}

/* ---- of its own group ---- */

static void read_cpu(int group, MachineUsage *u) {
        const CgroupKey keys[] = {
                { "usage_usec", &u->cpu_usec }, { "user_usec", &u->cpu_user_usec }, { "system_usec", &u->cpu_system_usec },
                { "throttled_usec", &u->throttled_usec },
        };

        (void) cgroup_keyed(group, "cpu.stat", keys, ELEMENTSOF(keys));
}

static void read_memory(int group, MachineUsage *u) {
        const CgroupKey parts[] = { { "anon", &u->memory_anon }, { "file", &u->memory_file } };

        if (u->memory == FIGURE_UNKNOWN)
                return;
        (void) cgroup_keyed(group, "memory.stat", parts, ELEMENTSOF(parts));
        (void) cgroup_number(group, "memory.peak", &u->memory_peak);
        (void) cgroup_number(group, "memory.swap.current", &u->swap);
        (void) cgroup_keyed(group, "memory.events", &(CgroupKey){ "oom_kill", &u->oom_kills }, 1);
}

static void read_io(const UsageReader *reader, int group, MachineUsage *u) {
        CgroupIo io;

        if (cgroup_io(group, &reader->stacked, &io) < 0)
                return;
        u->io_read = io.read;
        u->io_written = io.written;
        u->io_reads = io.reads;
        u->io_writes = io.writes;
}

/* What no controller counts is asked of each process; of all that the host has, not. */
static void count_tasks(const Machine *m, int group, MachineUsage *u) {
        bool is_known = cgroup_number(group, "pids.current", &u->tasks) >= 0;
        CgroupTasks t;

        if ((is_known && u->memory != FIGURE_UNKNOWN) || is_host_machine(m->record->name) || cgroup_tasks(group, &t) < 0)
                return;
        if (!is_known)
                u->tasks = t.threads;
        if (u->memory == FIGURE_UNKNOWN) {
                u->memory = t.anonymous;
                u->memory_is_summed = t.anonymous != FIGURE_UNKNOWN;
        }
}

/* ---- of those above ---- */

static void take_smaller(int r, uint64_t n, uint64_t *to) {
        if (r >= 0 && n < *to) /* "max", as unknown, is beyond all others */
                *to = n;
}

static void read_limits(int group, MachineUsage *u) {
        const struct {
                const char *file;
                uint64_t *to;
        } limits[] = {
                { "memory.max", &u->memory_max }, { "memory.high", &u->memory_high }, { "memory.swap.max", &u->swap_max },
                { "pids.max", &u->tasks_max },
        };
        uint64_t n = 0;
        int r = cgroup_cpu_max(group, &n);

        take_smaller(r, n, &u->cpu_max);
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                r = cgroup_number(group, limits[i].file, &n);
                take_smaller(r, n, limits[i].to);
        }
}

/* A group's time of being held back is that by its own quota: what is set on the machine's slice is counted there. */
static void add_throttled(int slice, MachineUsage *u) {
        uint64_t n = FIGURE_UNKNOWN;

        if (cgroup_keyed(slice, "cpu.stat", &(CgroupKey){ "throttled_usec", &n }, 1) < 0 || n == FIGURE_UNKNOWN)
                return;
        u->throttled_usec = u->throttled_usec == FIGURE_UNKNOWN ? n : u->throttled_usec + n;
}

/* Is the group above this one the machine's slice? */
static bool is_in_slice(const char *path, size_t length, const char *slice) {
        size_t n = slice ? strlen(slice) : 0;

        while (length > 0 && path[length - 1] != '/')
                length--;
        return n > 0 && length > n + 1 && path[length - n - 2] == '/' && strncmp(path + length - n - 1, slice, n) == 0;
}

/* From the group itself to below the root, which has no limits. */
static void read_all_limits(const Machine *m, int group, MachineUsage *u) {
        const char *path = m->record->cgroup;
        size_t length = strlen(path);
        int at = fcntl(group, F_DUPFD_CLOEXEC, 3);

        for (unsigned level = 0; at >= 0 && length > 1 && level < LEVELS_MAX; level++) {
                bool slice_is_next = is_in_slice(path, length, m->record->slice);
                int above;

                read_limits(at, u);
                while (length > 0 && path[--length] != '/')
                        ;
                above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
                close_fd(at);
                at = above;
                if (at >= 0 && slice_is_next)
                        add_throttled(at, u);
        }
        close_fd(at);
}

/* ---- its interfaces ---- */

static void read_network(UsageReader *reader, const Machine *m, MachineUsage *u) {
        LinkStats s;

        if (machine_traffic(reader->nl, m, &s) < 0)
                return;
        u->net_received = s.rx_bytes;
        u->net_received_packets = s.rx_packets;
        u->net_sent = s.tx_bytes;
        u->net_sent_packets = s.tx_packets;
        u->net_received_errors = s.rx_errors;
        u->net_received_dropped = s.rx_dropped;
        u->net_sent_errors = s.tx_errors;
        u->net_sent_dropped = s.tx_dropped;
}

/* ---- all ---- */

static const PressureLine unknown_line = { FIGURE_UNKNOWN, FIGURE_UNKNOWN, FIGURE_UNKNOWN, FIGURE_UNKNOWN };

static MachineUsage unknown_usage(const Machine *m) {
        const Pressure unknown = { unknown_line, unknown_line };

        return (MachineUsage){
                .taken_usec = clock_usec(CLOCK_BOOTTIME), .leader_start = m->record->leader_start,
                .cpu_usec = FIGURE_UNKNOWN, .cpu_user_usec = FIGURE_UNKNOWN, .cpu_system_usec = FIGURE_UNKNOWN,
                .throttled_usec = FIGURE_UNKNOWN, .cpu_max = FIGURE_UNKNOWN,
                .memory = FIGURE_UNKNOWN, .memory_anon = FIGURE_UNKNOWN, .memory_file = FIGURE_UNKNOWN, .memory_peak = FIGURE_UNKNOWN,
                .memory_max = FIGURE_UNKNOWN, .memory_high = FIGURE_UNKNOWN, .swap = FIGURE_UNKNOWN, .swap_max = FIGURE_UNKNOWN,
                .oom_kills = FIGURE_UNKNOWN, .tasks = FIGURE_UNKNOWN, .tasks_max = FIGURE_UNKNOWN,
                .io_read = FIGURE_UNKNOWN, .io_written = FIGURE_UNKNOWN, .io_reads = FIGURE_UNKNOWN, .io_writes = FIGURE_UNKNOWN,
                .net_received = FIGURE_UNKNOWN, .net_sent = FIGURE_UNKNOWN,
                .net_received_packets = FIGURE_UNKNOWN, .net_sent_packets = FIGURE_UNKNOWN,
                .net_received_errors = FIGURE_UNKNOWN, .net_sent_errors = FIGURE_UNKNOWN,
                .net_received_dropped = FIGURE_UNKNOWN, .net_sent_dropped = FIGURE_UNKNOWN,
                .cpu_pressure = unknown, .memory_pressure = unknown, .io_pressure = unknown,
        };
}

static int open_group(const Machine *m, Error **reterr) {
        int group = m->record->cgroup ? cgroup_open(m->record->cgroup) : -ENOENT;

        return group < 0 ? error_set(reterr, ESRCH, "The machine '%s' has no control group now, which would tell what it uses", m->record->name) : group;
}

static void read_few(const Machine *m, int group, MachineUsage *u) {
        *u = unknown_usage(m);
        read_cpu(group, u);
        (void) cgroup_number(group, "memory.current", &u->memory);
        count_tasks(m, group, u);
}

int machine_usage_read_few(const Machine *m, MachineUsage *ret, Error **reterr) {
        _cleanup_close_ int group = open_group(m, reterr);

        if (group < 0)
                return group;
        read_few(m, group, ret);
        return 0;
}

int machine_usage_read(UsageReader *reader, const Machine *m, MachineUsage *ret, Error **reterr) {
        _cleanup_close_ int group = open_group(m, reterr);

        if (group < 0)
                return group;
        read_few(m, group, ret);
        if (!ret->memory_is_summed)
                read_memory(group, ret);
        read_io(reader, group, ret);
        (void) pressure_read(group, "cpu.pressure", &ret->cpu_pressure);
        (void) pressure_read(group, "memory.pressure", &ret->memory_pressure);
        (void) pressure_read(group, "io.pressure", &ret->io_pressure);
        read_all_limits(m, group, ret);
        read_network(reader, m, ret);
        return 0;
}

/* ---- rates ---- */

static uint64_t rate(uint64_t before, uint64_t now, uint64_t usec, uint64_t unit) {
        if (before == FIGURE_UNKNOWN || now == FIGURE_UNKNOWN || now < before || usec == 0)
                return FIGURE_UNKNOWN;
        return (uint64_t) ((double) (now - before) * (double) unit / (double) usec + 0.5);
}

UsageRates usage_rates(const MachineUsage *before, const MachineUsage *now) {
        uint64_t usec = now->taken_usec > before->taken_usec && now->leader_start == before->leader_start ? now->taken_usec - before->taken_usec : 0;

        return (UsageRates){
                .cpu = rate(before->cpu_usec, now->cpu_usec, usec, 10000),
                .io_read = rate(before->io_read, now->io_read, usec, 1000000),
                .io_written = rate(before->io_written, now->io_written, usec, 1000000),
                .net_received = rate(before->net_received, now->net_received, usec, 1000000),
                .net_sent = rate(before->net_sent, now->net_sent, usec, 1000000),
        };
}
