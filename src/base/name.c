/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "name.h"

#include <ctype.h>
#include <string.h>

static bool name_char(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static const char *name_problem(const char *name) {
        size_t n = strlen(name);

        if (n == 0)
                return "it is empty";
        if (n > MACHINE_NAME_MAX)
                return "it is longer than 64 characters";
        for (const char *p = name; *p; p++) {
                if (!name_char(*p))
                        return "only letters, digits, '-' and '.' are allowed";
                if (*p == '.' && (p == name || p[1] == 0 || p[1] == '.' || p[-1] == '-' || p[1] == '-'))
                        return "a '.' must stand between letters or digits";
        }
        if (name[0] == '-' || name[n - 1] == '-')
                return "it must not begin or end with '-'";
        return NULL;
}

bool machine_name_is_valid(const char *name) {
        return name && !name_problem(name);
}

int machine_name_check(const char *name, Error **reterr) {
        const char *problem = name_problem(name);

        if (!problem)
                return 0;
        error_set(reterr, EINVAL, "'%.80s' is not a machine name: %s", name, problem);
        return error_hint(reterr, -EINVAL, "Choose another, for example web1; where the name comes from a directory's, --machine=NAME gives one.");
}

int machine_name_from_path(const char *path, char **ret, Error **reterr) {
        _cleanup_free_ char *s = strdup(path);
        char *base, out[MACHINE_NAME_MAX + 1];
        size_t n;

        if (!s)
                return error_oom(reterr);
        n = strlen(s);
        while (n > 0 && s[n - 1] == '/')
                s[--n] = 0;
        base = strrchr(s, '/');
        base = base ? base + 1 : s;

        n = 0;
        for (const char *p = base; *p && n < MACHINE_NAME_MAX; p++) {
                if (!name_char(*p))
                        continue;
                if ((*p == '.' || *p == '-') && (n == 0 || out[n - 1] == '.' || (*p == '.' && out[n - 1] == '-')))
                        continue;
                out[n++] = *p;
        }
        while (n > 0 && (out[n - 1] == '.' || out[n - 1] == '-'))
                n--;
        out[n] = 0;
        if (!machine_name_is_valid(out)) {
                error_set(reterr, EINVAL, "No machine name can be made of '%s'", path);
                return error_hint(reterr, -EINVAL, "Choose one with --machine=NAME.");
        }
        *ret = strdup(out);
        return *ret ? 0 : error_oom(reterr);
}

char *unit_name_escape(const char *name) {
        char *out = malloc(strlen(name) * 4 + 1), *o = out;

        if (!out)
                return NULL;
        for (const char *p = name; *p; p++)
                if (isalnum((unsigned char) *p) || *p == ':' || *p == '_' || (*p == '.' && p != name))
                        *o++ = *p;
                else if (*p == '/')
                        *o++ = '-';
                else
                        o += sprintf(o, "\\x%02x", (unsigned char) *p);
        *o = 0;
        return out;
}
