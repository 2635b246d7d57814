/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool string_is_clean(const char *s) {
        for (const unsigned char *p = (const unsigned char *) s; *p; p++)
                if (*p < 0x20 || *p == 0x7f)
                        return false;
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

size_t string_columns(const char *s, size_t bytes) {
        size_t n = 0;

        for (size_t i = 0; i < bytes; i++)
                n += ((unsigned char) s[i] & 0xc0) != 0x80;
        return n;
}

int string_set(char **p, const char *s) {
        char *copy = s ? strdup(s) : NULL;

        if (s && !copy)
                return -ENOMEM;
        free(*p);
        *p = copy;
        return 0;
}
