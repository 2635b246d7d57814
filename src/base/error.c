/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "error.h"

#include <stdarg.h>
#include <string.h>

void error_free(Error *e) {
        if (!e)
                return;
        free(e->message);
        free(e->hint);
        free(e);
}

static int negative(int r) {
        return r > 0 ? -r : r;
}

static int store(Error **reterr, int r, char *message) {
        Error *e;

        if (!reterr) {
                free(message);
                return r;
        }
        e = calloc(1, sizeof(*e));
        if (!e || !message) {
                free(e);
                free(message);
                return r; /* the number alone still travels; whoever prints falls back on strerror() */
        }
        e->code = r;
        e->message = message;
        error_free(*reterr);
        *reterr = e;
        return r;
}

int error_set(Error **reterr, int r, const char *fmt, ...) {
        char *message = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&message, fmt, ap) < 0)
                message = NULL;
        va_end(ap);
        return store(reterr, negative(r), message);
}

int error_errno(Error **reterr, int r, const char *fmt, ...) {
        _cleanup_free_ char *text = NULL;
        char *message = NULL;
        va_list ap;

        r = negative(r);
        va_start(ap, fmt);
        if (vasprintf(&text, fmt, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text || asprintf(&message, "%s: %s", text, strerror(-r)) < 0)
                message = NULL;
        return store(reterr, r, message);
}

int error_hint(Error **reterr, int r, const char *fmt, ...) {
        char *hint = NULL;
        va_list ap;

        if (!reterr || !*reterr)
                return r;
        va_start(ap, fmt);
        if (vasprintf(&hint, fmt, ap) < 0)
                hint = NULL;
        va_end(ap);
        free((*reterr)->hint);
        (*reterr)->hint = hint;
        return r;
}

int error_prefix(Error **reterr, int r, const char *fmt, ...) {
        _cleanup_free_ char *prefix = NULL;
        char *message = NULL;
        va_list ap;

        if (!reterr || !*reterr)
                return r;
        va_start(ap, fmt);
        if (vasprintf(&prefix, fmt, ap) < 0)
                prefix = NULL;
        va_end(ap);
        if (!prefix || asprintf(&message, "%s: %s", prefix, (*reterr)->message) < 0)
                return r;
        free((*reterr)->message);
        (*reterr)->message = message;
        return r;
}

int error_pass(Error **reterr, int r, Error **e) {
        error_free(reterr ? *reterr : *e);
        if (reterr)
                *reterr = *e;
        *e = NULL;
        return r;
}

int error_oom(Error **reterr) {
        return error_set(reterr, ENOMEM, "Out of memory");
}
