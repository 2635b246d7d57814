/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-load.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

/* Digits that fill INT64_MAX; UINT64_MAX has one more, and so has what takes its place with its sign. */
#define DIGITS 19

/* How many bytes the string takes that begins at s, with its quotes. */
static size_t string_length(const char *s, const char *end) {
        const char *p = s + 1;

        while (p < end && *p != '"')
                p += *p == '\\' && p + 1 < end ? 2 : 1;
        return (size_t) (p < end ? p + 1 - s : end - s);
}

static size_t digits(const char *s, const char *end) {
        const char *p = s;

        while (p < end && isdigit((unsigned char) *p))
                p++;
        return (size_t) (p - s);
}

/* Puts the whole number of n digits at s to `to`: as the same 64 bits where INT64_MAX is less. How many bytes it took. */
static size_t put_number(const char *s, size_t n, const char *end, char *to) {
        bool fraction = s + n < end && (s[n] == '.' || s[n] == 'e' || s[n] == 'E');
        uint64_t value;

        memcpy(to, s, n);
        to[n] = 0;
        if (n < DIGITS || n > DIGITS + 1 || fraction)
                return n;
        errno = 0;
        value = strtoull(to, NULL, 10);
        if (errno || value <= INT64_MAX)
                return n;
        return (size_t) sprintf(to, "%" PRId64, (int64_t) value);
}

/* The text with no number above INT64_MAX. A digit begins a number where none stands before it: behind a sign it is not ours. */
static size_t fold_numbers(const char *s, const char *end, char *to) {
        const char *begin = to;

        while (s < end) {
                size_t n = 1;

                if (isdigit((unsigned char) *s)) {
                        n = digits(s, end);
                        to += put_number(s, n, end, to);
                } else {
                        n = *s == '"' ? string_length(s, end) : *s == '-' || *s == '.' || *s == '+' ? 1 + digits(s + 1, end) : 1;
                        memcpy(to, s, n);
                        to += n;
                }
                s += n;
        }
        return (size_t) (to - begin);
}

int oci_load(const char *text, size_t size, const char *what, json_t **ret, Error **reterr) {
        json_t *j _cleanup_config_json_ = NULL;
        _cleanup_free_ char *folded = NULL;
        json_error_t why;

        if (size > OCI_TEXT_MAX)
                return error_set(reterr, EFBIG, "%s is larger than %u bytes", what, OCI_TEXT_MAX);
        folded = malloc(size + size / DIGITS + DIGITS + 2);
        if (!folded)
                return error_oom(reterr);
        j = json_loadb(folded, fold_numbers(text, text + size, folded), JSON_REJECT_DUPLICATES, &why);
        if (!j)
                /* Of jansson's text the part after " near '" is a stranger's. */
                return error_set(reterr, EBADMSG, "%s is not JSON: %.*s (line %d)", what, (int) strcspn(why.text, "'"),
                                 string_is_clean(why.text) ? why.text : "", why.line);
        *ret = TAKE_PTR(j);
        return 0;
}
