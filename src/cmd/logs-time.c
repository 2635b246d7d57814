/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <time.h>

#include "logs.h"
#include "parse.h"
#include "values.h"

/* A subset of systemd.time(7): what people type. */

#define SECOND UINT64_C(1000000)

static int midnight(uint64_t now, int days, uint64_t *ret) {
        time_t t = (time_t) (now / SECOND);
        struct tm tm;

        if (!localtime_r(&t, &tm))
                return -EINVAL;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_mday += days;
        tm.tm_isdst = -1;
        t = mktime(&tm);
        *ret = (uint64_t) t * SECOND;
        return t < 0 ? -EINVAL : 0;
}

static int parse_word(const char *s, uint64_t now, uint64_t *ret) {
        static const struct {
                const char *word;
                int days;
        } words[] = { { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };

        if (strcmp(s, "now") == 0) {
                *ret = now;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strcmp(s, words[i].word) == 0)
                        return midnight(now, words[i].days, ret);
        return -EINVAL;
}

/* "-1h", "+5min", "1h ago" */
static int parse_relative(const char *s, uint64_t now, uint64_t *ret) {
        _cleanup_free_ char *span = NULL;
        size_t n = strlen(s);
        bool ago = n > 4 && strcmp(s + n - 4, " ago") == 0, later = *s == '+';
        uint64_t usec;
        int r;

        if (!ago && !later && *s != '-')
                return -EINVAL;
        span = ago ? strndup(s, n - 4) : strdup(s + 1);
        if (!span)
                return -ENOMEM;
        r = parse_duration(span, &usec);
        if (r < 0)
                return r;
        *ret = later ? now + usec : usec < now ? now - usec : 0;
        return 0;
}

static int parse_absolute(const char *s, uint64_t now, uint64_t *ret) {
        static const char *const forms[] = {
                "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M",
        };
        time_t t = (time_t) (now / SECOND);

        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                struct tm tm;
                const char *end;

                if (!localtime_r(&t, &tm))
                        return -EINVAL;
                tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
                end = strptime(s, forms[i], &tm);
                if (!end || *end)
                        continue;
                tm.tm_isdst = -1;
                t = mktime(&tm);
                *ret = (uint64_t) t * SECOND;
                return t < 0 ? -EINVAL : 0;
        }
        return -EINVAL;
}

int log_time_parse(const char *s, uint64_t now_usec, uint64_t *ret, Error **reterr) {
        uint64_t seconds;

        if (*s == '@' && parse_u64(s + 1, UINT64_MAX / SECOND, &seconds) >= 0) {
                *ret = seconds * SECOND;
                return 0;
        }
        if (parse_word(s, now_usec, ret) >= 0 || parse_relative(s, now_usec, ret) >= 0 || parse_absolute(s, now_usec, ret) >= 0)
                return 0;
        error_set(reterr, EINVAL, "'%s' is no time", s);
        return error_hint(reterr, -EINVAL, "It takes '2026-11-23 01:02:03', '2026-11-23', '01:02', 'yesterday', 'today', 'now', '-1h', '1h ago' and '@UNIX'.");
}
