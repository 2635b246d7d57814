/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "fd.h"
#include "file.h"
#include "parse.h"
#include "text.h"

#define FILE_MAX 8192
#define DEVICES_MAX 32
#define NONE UINT64_MAX

static bool read_file(const char *group, const char *file, char **ret) {
        _cleanup_close_ int fd = cgroup_open(group);
        char *text;

        if (fd < 0 || file_read(fd, file, FILE_MAX, &text) < 0)
                return false;
        if (!strchr(text, '\n') || !strchr(strchr(text, '\n') + 1, '\n'))
                text[strcspn(text, "\n")] = 0;
        *ret = text;
        return true;
}

/* Call for the group and each above it. */
static int each_level(const char *group, const char *file, void (*found)(char *text, void *userdata), void *userdata) {
        _cleanup_free_ char *path = strdup(group);

        if (!path)
                return -ENOMEM;
        while (path[0] && path[1]) {
                _cleanup_free_ char *text = NULL;

                if (read_file(path, file, &text))
                        found(text, userdata);
                *strrchr(path, '/') = 0;
        }
        return 0;
}

/* ---- one number ---- */

typedef struct Least {
        uint64_t value;
        bool known;
} Least;

static void take_least(Least *l, uint64_t n) {
        l->value = !l->known || n < l->value ? n : l->value;
        l->known = true;
}

static void found_number(char *text, void *userdata) {
        uint64_t n = NONE;

        if (strcmp(text, "max") == 0 || parse_u64(text, NONE, &n) >= 0)
                take_least(userdata, n);
}

/* "150000 100000", in hundredths of a per cent of one processor. */
static void found_quota(char *text, void *userdata) {
        unsigned long long quota, period;

        if (strncmp(text, "max", 3) == 0)
                take_least(userdata, NONE);
        else if (sscanf(text, "%llu %llu", &quota, &period) == 2 && period > 0)
                take_least(userdata, quota * 10000 / period);
}

static int least(const char *group, const char *file, void (*found)(char *, void *), const char *format_of, char **ret) {
        Least l = {};
        int r = each_level(group, file, found, &l);

        if (r < 0 || !l.known)
                return r;
        if (l.value == NONE)
                *ret = strdup("infinity");
        else if (*format_of)
                r = asprintf(ret, l.value % 100 ? "%" PRIu64 ".%02" PRIu64 "%%" : "%" PRIu64 "%%", l.value / 100, l.value % 100);
        else
                r = asprintf(ret, "%" PRIu64, l.value);
        return r < 0 || !*ret ? -ENOMEM : 0;
}

/* ---- of one group ---- */

static int weight(const char *own, const char *file, char **ret) {
        _cleanup_free_ char *text = NULL, *idle = NULL;

        if (strcmp(file, "cpu.weight") == 0 && read_file(own, "cpu.idle", &idle) && strcmp(idle, "1") == 0)
                return (*ret = strdup("idle")) ? 0 : -ENOMEM;
        if (!read_file(own, file, &text) && !(strcmp(file, "io.weight") == 0 && read_file(own, "io.bfq.weight", &text)))
                return 0;
        text[strcspn(text, "\n")] = 0;
        *ret = strdup(strncmp(text, "default ", 8) == 0 ? text + 8 : text);
        return *ret ? 0 : -ENOMEM;
}

static int first_level(const char *group, const char *file, char **ret) {
        _cleanup_free_ char *path = strdup(group);

        if (!path)
                return -ENOMEM;
        for (; path[0] && path[1]; *strrchr(path, '/') = 0)
                if (read_file(path, file, ret))
                        return 0;
        return 0;
}

/* ---- rates of devices ---- */

typedef struct Rates {
        const char *word; /* "rbps=" */
        bool known;
        size_t n;
        struct {
                unsigned major, minor;
                uint64_t rate;
        } devices[DEVICES_MAX];
} Rates;

static void take_rate(Rates *rates, unsigned major, unsigned minor, uint64_t rate) {
        size_t i = 0;

        while (i < rates->n && (rates->devices[i].major != major || rates->devices[i].minor != minor))
                i++;
        if (i == DEVICES_MAX)
                return;
        if (i == rates->n || rate < rates->devices[i].rate) {
                rates->devices[i].major = major;
                rates->devices[i].minor = minor;
                rates->devices[i].rate = rate;
        }
        rates->n += i == rates->n;
}

static void found_rates(char *text, void *userdata) {
        Rates *rates = userdata;
        char *rest = text;

        rates->known = true;
        for (char *line; (line = strsep(&rest, "\n"));) {
                char *value = strstr(line, rates->word);
                unsigned major, minor;
                uint64_t n;

                if (!value || sscanf(line, "%u:%u", &major, &minor) != 2)
                        continue;
                value += strlen(rates->word);
                value[strcspn(value, " ")] = 0;
                if (parse_u64(value, NONE, &n) >= 0)
                        take_rate(rates, major, minor, n);
        }
}

static void device_name(unsigned major, unsigned minor, char *buf, size_t size) {
        char link[64], target[256];
        ssize_t n;

        snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major, minor);
        n = readlink(link, target, sizeof(target) - 1);
        if (n <= 0) {
                snprintf(buf, size, "%u:%u", major, minor);
                return;
        }
        target[n] = 0;
        snprintf(buf, size, "/dev/%s", strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
}

static int rates_of(const char *group, const char *word, char **ret) {
        Rates rates = { .word = word };
        char *text = NULL;
        size_t size;
        FILE *out;
        int r = each_level(group, "io.max", found_rates, &rates);

        if (r < 0 || !rates.known)
                return r;
        out = open_memstream(&text, &size);
        if (!out)
                return -ENOMEM;
        for (size_t i = 0; i < rates.n; i++) {
                char name[280];

                device_name(rates.devices[i].major, rates.devices[i].minor, name, sizeof(name));
                fprintf(out, "%s%s:%" PRIu64, i > 0 ? " " : "", name, rates.devices[i].rate);
        }
        if (rates.n == 0)
                fputs("infinity", out);
        if (fclose(out) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

/* ---- all of them ---- */

int machine_limit_effective(const Machine *m, const char *own, Resource r, char **ret) {
        const char *group = m->record->cgroup;

        *ret = NULL;
        switch (r) {
        case RESOURCE_MEMORY:
                return least(group, "memory.max", found_number, "", ret);
        case RESOURCE_MEMORY_HIGH:
                return least(group, "memory.high", found_number, "", ret);
        case RESOURCE_MEMORY_LOW:
                return weight(own, "memory.low", ret);
        case RESOURCE_SWAP:
                return least(group, "memory.swap.max", found_number, "", ret);
        case RESOURCE_CPU:
                return least(group, "cpu.max", found_quota, "%", ret);
        case RESOURCE_CPU_WEIGHT:
                return weight(own, "cpu.weight", ret);
        case RESOURCE_CPUS:
                return first_level(group, "cpuset.cpus.effective", ret);
        case RESOURCE_TASKS:
                return least(group, "pids.max", found_number, "", ret);
        case RESOURCE_IO_WEIGHT:
                return weight(own, "io.weight", ret);
        case RESOURCE_IO_READ:
                return rates_of(group, "rbps=", ret);
        case RESOURCE_IO_WRITE:
                return rates_of(group, "wbps=", ret);
        case RESOURCE_IO_READ_OPS:
                return rates_of(group, "riops=", ret);
        case RESOURCE_IO_WRITE_OPS:
                return rates_of(group, "wiops=", ret);
        default:
                return 0;
        }
}

uint64_t machine_limit_used(const Machine *m, Resource r) {
        const char *file = r == RESOURCE_MEMORY ? "memory.current" : r == RESOURCE_SWAP ? "memory.swap.current" :
                           r == RESOURCE_TASKS ? "pids.current" : NULL;
        _cleanup_free_ char *text = NULL;
        uint64_t n;

        return file && m->record->cgroup && read_file(m->record->cgroup, file, &text) && parse_u64(text, NONE, &n) >= 0 ? n : NONE;
}
