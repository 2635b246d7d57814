/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "machinectl.h"
#include "pool.h"
#include "table.h"

const char *time_text(uint64_t usec, char buf[TIME_TEXT_MAX]) {
        time_t when = (time_t) (usec / 1000000);
        struct tm tm;

        if (!usec || !localtime_r(&when, &tm) || !strftime(buf, TIME_TEXT_MAX, "%a %Y-%m-%d %H:%M:%S %Z", &tm))
                *buf = 0;
        return buf;
}

const char *bytes_text(uint64_t bytes, char buf[BYTES_TEXT_MAX]) {
        static const char units[] = "EPTGMK";
        unsigned shift = 60;

        *buf = 0;
        if (bytes == UINT64_MAX)
                return buf;
        for (const char *u = units; *u; u++, shift -= 10)
                if (bytes >> shift > 0) {
                        unsigned tenth = (unsigned) (((bytes >> (shift - 10)) & 1023) * 10 / 1024);

                        snprintf(buf, BYTES_TEXT_MAX, "%" PRIu64 ".%u%c", bytes >> shift, tenth, *u);
                        return buf;
                }
        snprintf(buf, BYTES_TEXT_MAX, "%" PRIu64 "B", bytes);
        return buf;
}

void print_property(const PropertyPrinter *p, const char *name, const char *fmt, ...) {
        char text[4096], shown[4096];
        va_list ap;

        if (p->wanted && !strv_contains(p->wanted, name))
                return;
        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (!*text && !p->all)
                return;
        printf("%s%s%s\n", p->value ? "" : name, p->value ? "" : "=", show_text(text, shown, sizeof(shown)));
}

void print_time_property(const PropertyPrinter *p, const char *name, uint64_t usec) {
        char text[TIME_TEXT_MAX];

        print_property(p, name, "%s", time_text(usec, text));
}

void print_field(const char *label, const char *value) {
        char shown[4096];

        if (value && *value)
                printf("\t%8s%s %s\n", label, *label ? ":" : " ", show_text(value, shown, sizeof(shown)));
}

static void age_text(uint64_t seconds, char *buf, size_t size) {
        if (seconds >= 86400)
                snprintf(buf, size, "%" PRIu64 " day%s", seconds / 86400, seconds >= 2 * 86400 ? "s" : "");
        else if (seconds >= 3600)
                snprintf(buf, size, "%" PRIu64 "h %" PRIu64 "min", seconds / 3600, seconds / 60 % 60);
        else if (seconds >= 60)
                snprintf(buf, size, "%" PRIu64 "min %" PRIu64 "s", seconds / 60, seconds % 60);
        else
                snprintf(buf, size, "%" PRIu64 "s", seconds);
}

void print_time_field(const char *label, uint64_t usec) {
        uint64_t now = clock_usec(CLOCK_REALTIME);
        char when[TIME_TEXT_MAX], age[64], text[TIME_TEXT_MAX + 80];

        if (!*time_text(usec, when))
                return;
        age_text(now > usec ? (now - usec) / 1000000 : 0, age, sizeof(age));
        snprintf(text, sizeof(text), "%s; %s ago", when, age);
        print_field(label, text);
}

int print_pool(const PropertyPrinter *p, Error **reterr) {
        PoolUsage pool;
        int r = pool_usage(&pool, reterr);

        if (r < 0)
                return r;
        print_property(p, "PoolPath", "%s", POOL_DIRECTORY);
        print_property(p, "PoolUsage", "%" PRIu64, pool.usage);
        print_property(p, "PoolLimit", "%" PRIu64, pool.limit);
        return 0;
}
