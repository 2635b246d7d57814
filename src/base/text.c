/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

size_t text_control(const char *s, size_t *ret_length) {
        const unsigned char *p = (const unsigned char *) s;
        size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 1, n = 1;

        while (n < length && (p[n] & 0xc0) == 0x80)
                n++;
        *ret_length = n;
        return p[0] < 0x20 || p[0] == 0x7f || (p[0] >= 0x80 && p[0] < 0xa0) || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) ? n : 0;
}

bool string_is_clean(const char *s) {
        const unsigned char *p = (const unsigned char *) s;
        size_t length;

        for (; *p; p += length) {
                length = 1;
                if ((*p < 0x20 || *p >= 0x7f) && text_control((const char *) p, &length) > 0)
                        return false;
        }
        return true;
}

unsigned long long string_hash(const char *s) {
        uint64_t h = 0xcbf29ce484222325ULL;

        for (const unsigned char *p = (const unsigned char *) s; *p; p++)
                h = (h ^ *p) * 0x100000001b3ULL;
        h ^= h >> 33;
        h *= 0xff51afd7ed558ccdULL;
        h ^= h >> 33;
        return h;
}

const char *size_text(uint64_t bytes, char buf[SIZE_TEXT_MAX]) {
        static const char units[] = "KMGTPE";
        double value = (double) bytes / 1024;
        size_t unit = 0;

        for (; value >= 1000 && unit + 2 < sizeof(units); unit++)
                value /= 1024;
        snprintf(buf, SIZE_TEXT_MAX, "%.1f %ciB", value, units[unit]);
        return buf;
}

size_t string_columns(const char *s, size_t bytes) {
        size_t n = 0;

        for (size_t i = 0; i < bytes; i++)
                n += ((unsigned char) s[i] & 0xc0) != 0x80;
        return n;
}

bool locale_is_utf8(void) {
        static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

        for (size_t i = 0; i < ELEMENTSOF(variables); i++) {
                const char *locale = getenv(variables[i]);

                if (locale && *locale)
                        return strcasestr(locale, "utf-8") || strcasestr(locale, "utf8");
        }
        return false;
}

int string_set(char **p, const char *s) {
        char *copy = s ? strdup(s) : NULL;

        if (s && !copy)
                return -ENOMEM;
        free(*p);
        *p = copy;
        return 0;
}
