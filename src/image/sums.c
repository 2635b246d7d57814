/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sums.h"

#include <string.h>
#include <strings.h>

#define HEX_LENGTH (DIGEST_HEX_SIZE - 1)
#define HEX_DIGITS "0123456789abcdefABCDEF"
#define BSD_BEFORE "SHA256 ("
#define BSD_BETWEEN ") = "

typedef struct Line {
        const char *hex, *name;
        size_t name_length;
} Line;

static bool is_hex(const char *p, size_t n) {
        return n >= HEX_LENGTH && strspn(p, HEX_DIGITS) == HEX_LENGTH;
}

/* p is ended by a newline or NUL at n, and has no NUL before. */
static bool parse_bsd(const char *p, size_t n, Line *ret) {
        size_t before = strlen(BSD_BEFORE), between = strlen(BSD_BETWEEN), name = n - before - between - HEX_LENGTH;

        if (n <= before + between + HEX_LENGTH || strncmp(p, BSD_BEFORE, before) != 0 || strncmp(p + before + name, BSD_BETWEEN, between) != 0 ||
            !is_hex(p + n - HEX_LENGTH, HEX_LENGTH))
                return false;
        *ret = (Line){ .hex = p + n - HEX_LENGTH, .name = p + before, .name_length = name };
        return true;
}

static bool parse_line(const char *p, size_t n, Line *ret) {
        if (parse_bsd(p, n, ret))
                return true;
        if (!is_hex(p, n))
                return false;
        *ret = (Line){ .hex = p };
        if (n == HEX_LENGTH)
                return true;
        if (n < HEX_LENGTH + 3 || p[HEX_LENGTH] != ' ' || (p[HEX_LENGTH + 1] != ' ' && p[HEX_LENGTH + 1] != '*'))
                return false;
        ret->name = p + HEX_LENGTH + 2;
        ret->name_length = n - HEX_LENGTH - 2;
        if (ret->name_length > 2 && strncmp(ret->name, "./", 2) == 0) {
                ret->name += 2;
                ret->name_length -= 2;
        }
        return true;
}

static void take(const char *hex, char ret[DIGEST_HEX_SIZE]) {
        for (size_t i = 0; i < HEX_LENGTH; i++)
                ret[i] = (char) (hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] - 'A' + 'a' : hex[i]);
        ret[HEX_LENGTH] = 0;
}

int sums_find(const char *text, size_t size, const char *name, bool only, char ret[DIGEST_HEX_SIZE]) {
        char found[DIGEST_HEX_SIZE] = "", next[DIGEST_HEX_SIZE];

        if (memchr(text, 0, size)) /* no text */
                return 0;
        for (const char *p = text, *end = text + size; p < end;) {
                size_t n = strcspn(p, "\n"), length = n > 0 && p[n - 1] == '\r' ? n - 1 : n;
                Line line;

                if (parse_line(p, length, &line) && (line.name ? strlen(name) == line.name_length && strncmp(line.name, name, line.name_length) == 0 : only)) {
                        take(line.hex, next);
                        if (*found && strcmp(found, next) != 0)
                                return -EBADMSG;
                        strcpy(found, next);
                }
                p += n + (p[n] == '\n');
        }
        if (!*found)
                return 0;
        strcpy(ret, found);
        return 1;
}
