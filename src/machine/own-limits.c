/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "own-limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup-limits.h"
#include "enums.h"
#include "file.h"
#include "oom.h"
#include "parse.h"
#include "resources.h"

#define PERIOD_USEC 100000U /* as systemd has it */
#define QUOTA_MIN_USEC 1000U /* the kernel takes no less */
#define WHOLE (100 * 100)   /* 100 %, as parse_percent() has it */
#define VALUE_MAX 128

typedef int (*ValueFunction)(const char *text, char value[VALUE_MAX]);

static int format(uint64_t n, char value[VALUE_MAX]) {
        snprintf(value, VALUE_MAX, "%" PRIu64, n);
        return 0;
}

/* A part of what the host has, rounded down without an overflow. */
static uint64_t part_of(uint64_t whole, uint64_t hundredths) {
        return whole / WHOLE * hundredths + whole % WHOLE * hundredths / WHOLE;
}

static uint64_t host_memory(void) {
        long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

        return pages > 0 && size > 0 ? (uint64_t) pages * (uint64_t) size : 0;
}

static int size_value(const char *text, char value[VALUE_MAX]) {
        uint64_t n;

        if (strcmp(text, "infinity") == 0)
                return snprintf(value, VALUE_MAX, "max"), 0;
        if (strchr(text, '%'))
                return parse_percent(text, WHOLE, &n) < 0 ? -EINVAL : format(part_of(host_memory(), n), value);
        return parse_size(text, &n) < 0 ? -EINVAL : format(n, value);
}

static uint64_t host_number(const char *sysctl) {
        _cleanup_free_ char *text = NULL;
        uint64_t n;

        if (file_read(AT_FDCWD, sysctl, 64, &text) < 0)
                return UINT32_MAX;
        text[strcspn(text, "\n")] = 0;
        return parse_u64(text, UINT32_MAX, &n) < 0 ? UINT32_MAX : n;
}

static int count_value(const char *text, char value[VALUE_MAX]) {
        uint64_t n, threads, pids;

        if (strcmp(text, "infinity") == 0)
                return snprintf(value, VALUE_MAX, "max"), 0;
        if (!strchr(text, '%'))
                return parse_u64(text, UINT32_MAX, &n) < 0 ? -EINVAL : format(n, value);
        if (parse_percent(text, WHOLE, &n) < 0)
                return -EINVAL;
        threads = host_number("/proc/sys/kernel/threads-max");
        pids = host_number("/proc/sys/kernel/pid_max");
        return format(part_of(threads < pids ? threads : pids, n), value);
}

static int quota_value(const char *text, char value[VALUE_MAX]) {
        uint64_t n, usec;

        if (strcmp(text, "infinity") == 0)
                return snprintf(value, VALUE_MAX, "max %u", PERIOD_USEC), 0;
        if (parse_percent(text, UINT32_MAX, &n) < 0)
                return -EINVAL;
        usec = n * PERIOD_USEC / WHOLE;
        snprintf(value, VALUE_MAX, "%" PRIu64 " %u", usec < QUOTA_MIN_USEC ? QUOTA_MIN_USEC : usec, PERIOD_USEC);
        return 0;
}

static int weight_value(const char *text, char value[VALUE_MAX]) {
        snprintf(value, VALUE_MAX, "%s", strcmp(text, "idle") == 0 ? "1" : text);
        return 0;
}

static int io_weight_value(const char *text, char value[VALUE_MAX]) {
        snprintf(value, VALUE_MAX, "default %s", text);
        return 0;
}

/* Commas for blanks. */
static int cpus_value(const char *text, char value[VALUE_MAX]) {
        if (strlen(text) >= VALUE_MAX)
                return -E2BIG;
        strcpy(value, text);
        for (char *p = value; *p; p++)
                if (*p == ' ' || *p == '\t')
                        *p = ',';
        return 0;
}

static const struct {
        const char *controller;
        const char *file;    /* or the key in io.max */
        const char *none;    /* what it is without a limit */
        ValueFunction value; /* NULL: a rate of devices, or the OOM policy */
} limits[RESOURCES] = {
        [RESOURCE_MEMORY] = { "memory", "memory.max", "max", size_value },
        [RESOURCE_MEMORY_HIGH] = { "memory", "memory.high", "max", size_value },
        [RESOURCE_MEMORY_LOW] = { "memory", "memory.low", "0", size_value },
        [RESOURCE_SWAP] = { "memory", "memory.swap.max", "max", size_value },
        [RESOURCE_CPU] = { "cpu", "cpu.max", "max", quota_value },
        [RESOURCE_CPU_WEIGHT] = { "cpu", "cpu.weight", "100", weight_value },
        [RESOURCE_CPUS] = { "cpuset", "cpuset.cpus", "\n", cpus_value },
        [RESOURCE_TASKS] = { "pids", "pids.max", "max", count_value },
        [RESOURCE_IO_WEIGHT] = { "io", "io.weight", "default 100", io_weight_value },
        [RESOURCE_IO_READ] = { "io", "rbps", NULL, NULL },
        [RESOURCE_IO_WRITE] = { "io", "wbps", NULL, NULL },
        [RESOURCE_IO_READ_OPS] = { "io", "riops", NULL, NULL },
        [RESOURCE_IO_WRITE_OPS] = { "io", "wiops", NULL, NULL },
        [RESOURCE_OOM_POLICY] = { "memory", NULL, NULL, NULL },
};

const char *own_limit_controller(Resource r) {
        return limits[r].controller;
}

static int put_rates(const char *group, Resource resource, const char *text, const char *tree) {
        const char *key = limits[resource].file;
        int r = cgroup_clear_io(group, key);

        while (r >= 0 && text) {
                _cleanup_free_ char *device = NULL, *rate = NULL;
                uint64_t n;
                dev_t dev;

                r = resource_next_device(&text, &device, &rate);
                if (r <= 0)
                        break;
                r = parse_byte_rate(rate, &n);
                if (r >= 0)
                        r = block_device_of(device ?: tree, &dev);
                if (r >= 0)
                        r = cgroup_put_io(group, dev, key, n);
        }
        return r < 0 ? r : 0;
}

static int put(const char *group, Resource resource, const char *text) {
        char value[VALUE_MAX];
        int r = text ? limits[resource].value(text, value) : 0;

        if (r >= 0 && resource == RESOURCE_CPU_WEIGHT) /* Linux 5.15; before there is no idle */
                (void) cgroup_put(group, "cpu.idle", text && strcmp(text, "idle") == 0 ? "1" : "0");
        if (r >= 0 && resource == RESOURCE_CPU_WEIGHT && text && strcmp(text, "idle") == 0)
                return 0; /* which has a weight of its own */
        return r < 0 ? r : cgroup_put(group, limits[resource].file, text ? value : limits[resource].none);
}

int own_limit_put(const char *group, Resource resource, const char *text, const char *tree, Error **reterr) {
        const char *word = resource_option(resource)->spec.name;
        int r, policy = OOM_POLICY_UNSET;

        if (resource == RESOURCE_OOM_POLICY) {
                r = text ? enum_parse(oom_policy_names, text, &policy, reterr) : 0;
                return r < 0 ? r : oom_policy_apply(group, (OomPolicy) policy, reterr);
        }
        r = resource_is_of_devices(resource) ? put_rates(group, resource, text, tree) : put(group, resource, text);
        if (r == -ENOENT && !text)
                return 0; /* there is none to be taken away */
        if (r == -ENOENT)
                return error_set(reterr, EOPNOTSUPP, "%s=%s: the group %s has no %s", word, text, group,
                                 resource_is_of_devices(resource) ? "io.max" : limits[resource].file);
        if (r == -ENODEV && text)
                return error_set(reterr, ENODEV, "%s=%s: the kernel can bound no such device", word, text);
        return r < 0 ? error_errno(reterr, r, "Cannot set %s=%s in %s", word, text ?: "", group) : 0;
}
