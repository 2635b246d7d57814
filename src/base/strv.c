/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strv.h"

#include <stdarg.h>
#include <string.h>

void strv_free(char **v) {
        if (!v)
                return;
        for (char **p = v; *p; p++)
                free(*p);
        free(v);
}

size_t strv_length(char *const *v) {
        size_t n = 0;

        while (v && v[n])
                n++;
        return n;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

void strv_sort(char **v) {
        if (v)
                qsort(v, strv_length(v), sizeof(*v), compare);
}

bool strv_contains(char *const *v, const char *s) {
        for (size_t i = 0; v && v[i]; i++)
                if (strcmp(v[i], s) == 0)
                        return true;
        return false;
}

int strv_consume(char ***v, char *s) {
        size_t n = strv_length(*v);
        char **p;

        if (!s)
                return -ENOMEM;
        p = reallocarray(*v, n + 2, sizeof(char *));
        if (!p) {
                free(s);
                return -ENOMEM;
        }
        p[n] = s;
        p[n + 1] = NULL;
        *v = p;
        return 0;
}

int strv_append(char ***v, const char *s) {
        return strv_consume(v, strdup(s));
}

int strv_appendf(char ***v, const char *fmt, ...) {
        char *s = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&s, fmt, ap) < 0)
                s = NULL;
        va_end(ap);
        return strv_consume(v, s);
}

char **strv_copy(char *const *v) {
        _cleanup_strv_ char **c = calloc(1, sizeof(char *));

        if (!c)
                return NULL;
        for (size_t i = 0; v && v[i]; i++)
                if (strv_append(&c, v[i]) < 0)
                        return NULL;
        return TAKE_PTR(c);
}

char *strv_join(char *const *v, const char *separator) {
        size_t size = 1, sep = strlen(separator);
        char *out, *o;

        for (size_t i = 0; v && v[i]; i++)
                size += strlen(v[i]) + sep;
        out = malloc(size);
        if (!out)
                return NULL;
        o = out;
        *o = 0;
        for (size_t i = 0; v && v[i]; i++) {
                if (i > 0)
                        o = stpcpy(o, separator);
                o = stpcpy(o, v[i]);
        }
        return out;
}

int strv_env_set(char ***env, const char *assignment) {
        const char *eq = strchr(assignment, '=');
        size_t n = eq ? (size_t) (eq - assignment) + 1 : 0;
        char *copy;

        if (!eq || n == 1)
                return -EINVAL;
        for (char **p = *env; p && *p; p++) {
                if (strncmp(*p, assignment, n) != 0)
                        continue;
                copy = strdup(assignment);
                if (!copy)
                        return -ENOMEM;
                free(*p);
                *p = copy;
                return 0;
        }
        return strv_append(env, assignment);
}

const char *strv_env_get(char *const *env, const char *name) {
        size_t n = strlen(name);

        for (size_t i = 0; env && env[i]; i++)
                if (strncmp(env[i], name, n) == 0 && env[i][n] == '=')
                        return env[i] + n + 1;
        return NULL;
}
