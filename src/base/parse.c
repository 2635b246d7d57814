/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

int parse_bool(const char *s, bool *ret) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                if (strcasecmp(s, yes[i]) == 0) {
                        *ret = true;
                        return 0;
                }
                if (strcasecmp(s, no[i]) == 0) {
                        *ret = false;
                        return 0;
                }
        }
        return -EINVAL;
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret) {
        uint64_t v = 0;

        if (!*s)
                return -EINVAL;
        for (; *s; s++) {
                unsigned d;

                if (*s < '0' || *s > '9')
                        return -EINVAL;
                d = (unsigned) (*s - '0');
                if (v > (UINT64_MAX - d) / 10)
                        return -ERANGE;
                v = v * 10 + d;
        }
        if (v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}

int parse_pid(const char *s, pid_t *ret) {
        uint64_t v;
        int r = parse_u64(s, INT32_MAX, &v);

        if (r < 0)
                return r;
        if (v < 1)
                return -ERANGE;
        *ret = (pid_t) v;
        return 0;
}

int parse_size(const char *s, uint64_t *ret) {
        char digits[24];
        size_t n = strspn(s, "0123456789");
        unsigned shift = 0;
        uint64_t v;
        int r;

        if (n == 0 || n >= sizeof(digits))
                return -EINVAL;
        memcpy(digits, s, n);
        digits[n] = 0;
        r = parse_u64(digits, UINT64_MAX, &v);
        if (r < 0)
                return r;
        switch (s[n]) {
        case 0:
                break;
        case 'K':
                shift = 10;
                break;
        case 'M':
                shift = 20;
                break;
        case 'G':
                shift = 30;
                break;
        case 'T':
                shift = 40;
                break;
        default:
                return -EINVAL;
        }
        if (s[n] && s[n + 1])
                return -EINVAL;
        if (v > UINT64_MAX >> shift)
                return -ERANGE;
        *ret = v << shift;
        return 0;
}

/* Rates of block devices count in powers of 1000, unlike memory (systemd.resource-control(5)). */
int parse_byte_rate(const char *value, uint64_t *ret) {
        static const char suffixes[] = "KMGT";
        char digits[24];
        size_t n = strspn(value, "0123456789");
        const char *suffix = value[n] ? strchr(suffixes, value[n]) : NULL;
        uint64_t v;
        int r;

        if (strcmp(value, "infinity") == 0) {
                *ret = UINT64_MAX;
                return 0;
        }
        if (n == 0 || n >= sizeof(digits) || (value[n] && (!suffix || value[n + 1])))
                return -EINVAL;
        snprintf(digits, sizeof(digits), "%.*s", (int) n, value);
        r = parse_u64(digits, UINT64_MAX, &v);
        for (const char *s = suffixes; r >= 0 && suffix && s <= suffix; s++) {
                r = v > UINT64_MAX / 1000 ? -ERANGE : 0;
                v *= 1000;
        }
        if (r >= 0)
                *ret = v;
        return r;
}

int parse_percent(const char *value, uint64_t max, uint64_t *ret) {
        char whole[16];
        size_t n = strspn(value, "0123456789"), d = 0;
        uint64_t v, fraction = 0;
        int r;

        if (n == 0 || n >= sizeof(whole))
                return -EINVAL;
        memcpy(whole, value, n);
        whole[n] = 0;
        r = parse_u64(whole, UINT32_MAX, &v);
        if (r < 0)
                return r;
        if (value[n] == '.') {
                d = strspn(value + n + 1, "0123456789");
                if (d != 1 && d != 2)
                        return -EINVAL;
                fraction = (uint64_t) (value[n + 1] - '0') * 10 + (d == 2 ? (uint64_t) (value[n + 2] - '0') : 0);
                n += 1 + d;
        }
        if (strcmp(value + n, "%") != 0)
                return -EINVAL;
        v = v * 100 + fraction;
        if (v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}

int parse_port(const char *s, uint16_t *ret) {
        uint64_t v;
        int r = parse_u64(s, UINT16_MAX, &v);

        if (r < 0)
                return r;
        if (v == 0)
                return -ERANGE;
        *ret = (uint16_t) v;
        return 0;
}

static int hex(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int parse_id128(const char *s, uint8_t ret[16]) {
        uint8_t id[16];
        size_t len = strlen(s), n = 0;

        if (len != 32 && len != 36)
                return -EINVAL;
        for (size_t i = 0; i < len; i++) {
                int d;

                if (len == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) {
                        if (s[i] != '-')
                                return -EINVAL;
                        continue;
                }
                d = hex(s[i]);
                if (d < 0)
                        return -EINVAL;
                id[n / 2] = (uint8_t) (n % 2 ? id[n / 2] | d : d << 4);
                n++;
        }
        memcpy(ret, id, 16);
        return 0;
}

char *id128_to_text(const uint8_t id[16], char ret[33]) {
        for (size_t i = 0; i < 16; i++)
                sprintf(ret + 2 * i, "%02x", id[i]);
        return ret;
}

int parse_signal(const char *s, int *ret) {
        uint64_t v;

        if (parse_u64(s, (uint64_t) SIGRTMAX, &v) >= 0) {
                if (v == 0)
                        return -EINVAL;
                *ret = (int) v;
                return 0;
        }
        if (strncmp(s, "SIG", 3) == 0)
                s += 3;
        if (strncmp(s, "RTMIN", 5) == 0) {
                v = 0;
                if (s[5] && (s[5] != '+' || parse_u64(s + 6, (uint64_t) (SIGRTMAX - SIGRTMIN), &v) < 0))
                        return -EINVAL;
                *ret = SIGRTMIN + (int) v;
                return 0;
        }
        if (strcmp(s, "IO") == 0) { /* kill(1)'s name; glibc calls it POLL */
                *ret = SIGIO;
                return 0;
        }
        for (int i = 1; i < SIGRTMIN; i++) {
                const char *name = sigabbrev_np(i);

                if (name && strcmp(name, s) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return -EINVAL;
}

const char *signal_to_text(int sig, char buf[SIGNAL_TEXT_MAX]) {
        const char *name = sigabbrev_np(sig);

        if (name)
                snprintf(buf, SIGNAL_TEXT_MAX, "SIG%s", name);
        else if (sig >= SIGRTMIN && sig <= SIGRTMAX)
                snprintf(buf, SIGNAL_TEXT_MAX, "SIGRTMIN+%d", sig - SIGRTMIN);
        else
                snprintf(buf, SIGNAL_TEXT_MAX, "%d", sig); /* of no name: glibc's own */
        return buf;
}
