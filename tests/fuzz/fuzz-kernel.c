/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <netinet/in.h>
#include <string.h>

#include "cgroup.h"
#include "cgroup-io.h"
#include "cgroup-stat.h"
#include "mount-table.h"
#include "net-dev.h"
#include "pressure.h"
#include "ready-look.h"
#include "usage-history.h"

/* Files of the kernel's, parts of which a guest writes: names of mounts and of links. The first byte says which. */

static void check_mounts(char *text, size_t size) {
        _cleanup_fclose_ FILE *in = size ? fmemopen(text, size, "re") : NULL;
        MountTable t = {};

        if (!in || mount_table_parse(in, &t) < 0)
                return;
        for (size_t i = 0; i < t.n; i++) {
                fuzz_check(t.items[i].root && t.items[i].point && mount_table_find(&t, t.items[i].id));
                (void) mount_table_cover(&t, &t.items[i]);
                fuzz_check(mount_table_at(&t, t.items[i].point));
        }
        mount_table_done(&t);
}

static void check_numbers(char *text, size_t size _unused_) {
        uint64_t one = 0, two = 0;
        const CgroupKey keys[] = { { "oom_kill", &one }, { "usage_usec", &two } };
        _cleanup_free_ char *second = strdup(text), *third = strdup(text);

        (void) cgroup_number_parse(text, &one);
        (void) cgroup_keyed_parse(second, keys, ELEMENTSOF(keys));
        (void) cgroup_cpu_max_parse(third, &one);
}

static void check_pressure(char *text, size_t size _unused_) {
        Pressure p;

        (void) pressure_parse(text, &p);
}

static void check_links(char *text, size_t size _unused_) {
        NetDevWish wishes[] = { { .name = "host0" }, { .name = "eth0" } };

        (void) net_dev_parse(text, wishes, ELEMENTSOF(wishes));
}

static void check_ports(char *text, size_t size) {
        const ReadyUsers users = { .base = 524288, .count = 65536 };
        _cleanup_fclose_ FILE *table = size ? fmemopen(text, size, "re") : NULL;

        if (!table)
                return;
        (void) port_is_in_table(table, IPPROTO_TCP, 80, &users);
        rewind(table);
        (void) port_is_in_table(table, IPPROTO_UDP, 53, &(ReadyUsers){});
}

static void check_io(char *text, size_t size _unused_) {
        _cleanup_free_ char *second = strdup(text);
        CgroupIoStacked stacked = {};
        CgroupIo io = {};

        cgroup_io_stacked_parse(text, &stacked);
        (void) cgroup_io_parse(second, &stacked, &io);
}

static void check_group(char *text, size_t size _unused_) {
        _cleanup_free_ char *group = NULL;

        if (cgroup_parse(text, &group) >= 0)
                fuzz_check(group);
}

static void check_history(char *text, size_t size) {
        UsageHistory h;
        MachineUsage now = { .taken_usec = UINT64_MAX / 2 };

        fuzz_put("usage", text, size);
        usage_history_read_at(fuzz_directory(NULL), &h);
        fuzz_check(h.n <= USAGE_HISTORY_SAMPLES);
        for (size_t i = 0; i < h.n; i++)
                (void) usage_history_cpu_rate(&h.samples[i], &now);
        (void) usage_history_before(&h, &now);
}

void fuzz_kernel(const uint8_t *data, size_t size) {
        static void (*const checks[])(char *text, size_t size) = {
                check_mounts, check_numbers, check_pressure, check_links, check_ports, check_io, check_group, check_history,
        };
        FuzzInput in = { data, size };
        unsigned which = fuzz_byte(&in) % ELEMENTSOF(checks);
        size_t n;
        _cleanup_free_ char *text = fuzz_rest(&in, &n);

        checks[which](text, n);
}
