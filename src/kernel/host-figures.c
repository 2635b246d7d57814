/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-figures.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "figure.h"
#include "file.h"
#include "pressure.h"

#define TEXT_MAX (1024 * 1024) /* /proc/stat has a word for each interrupt */

static char *read_proc(const char *path) {
        char *text = NULL;

        return file_read(AT_FDCWD, path, TEXT_MAX, &text) < 0 ? NULL : text;
}

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice" (proc(5)); guests are in user and nice already. */
static void read_cpus(HostFigures *h) {
        _cleanup_free_ char *text = read_proc("/proc/stat");
        long ticks = sysconf(_SC_CLK_TCK);
        uint64_t t[8] = {};

        if (!text || ticks <= 0 ||
            sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &t[0], &t[1], &t[2],
                   &t[3], &t[4], &t[5], &t[6], &t[7]) < 4)
                return;
        h->busy_usec = (t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) * (1000000 / (uint64_t) ticks);
        for (const char *line = text; (line = strstr(line, "\ncpu")); line += 4)
                h->cpus++;
}

/* "KEY:   N kB". */
static uint64_t value_of(const char *text, const char *key) {
        size_t n = strlen(key);
        uint64_t value;

        for (const char *line = text; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strncmp(line, key, n) == 0 && line[n] == ':' && sscanf(line + n + 1, "%" SCNu64, &value) == 1)
                        return value * 1024;
        }
        return FIGURE_UNKNOWN;
}

static void read_memory(HostFigures *h) {
        _cleanup_free_ char *text = read_proc("/proc/meminfo");

        if (!text)
                return;
        h->memory = value_of(text, "MemTotal");
        h->memory_available = value_of(text, "MemAvailable");
        h->swap = value_of(text, "SwapTotal");
        h->swap_free = value_of(text, "SwapFree");
}

static void read_load(HostFigures *h) {
        _cleanup_free_ char *text = read_proc("/proc/loadavg");
        unsigned whole[3], part[3];

        if (!text || sscanf(text, "%u.%2u %u.%2u %u.%2u", &whole[0], &part[0], &whole[1], &part[1], &whole[2], &part[2]) != 6)
                return;
        for (size_t i = 0; i < 3; i++)
                h->load[i] = (uint64_t) whole[i] * 100 + part[i];
}

static uint64_t read_pressure(const char *path) {
        Pressure p;

        return pressure_read(AT_FDCWD, path, &p) < 0 ? FIGURE_UNKNOWN : p.some.avg10;
}

void host_figures_read(HostFigures *ret) {
        HostFigures h = {
                .busy_usec = FIGURE_UNKNOWN, .memory = FIGURE_UNKNOWN, .memory_available = FIGURE_UNKNOWN, .swap = FIGURE_UNKNOWN, .swap_free = FIGURE_UNKNOWN,
                .load = { FIGURE_UNKNOWN, FIGURE_UNKNOWN, FIGURE_UNKNOWN },
        };

        h.taken_usec = clock_usec(CLOCK_BOOTTIME);
        read_cpus(&h);
        read_memory(&h);
        read_load(&h);
        h.cpu_pressure = read_pressure("/proc/pressure/cpu");
        h.memory_pressure = read_pressure("/proc/pressure/memory");
        h.io_pressure = read_pressure("/proc/pressure/io");
        *ret = h;
}
