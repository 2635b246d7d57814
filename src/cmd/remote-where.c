/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cleanup.h"
#include "name.h"
#include "parse.h"
#include "remote.h"
#include "text.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

void remote_done(Remote *r) {
        free(r->user);
        free(r->host);
        free(r->port);
        free(r->machine_user);
        free(r->machine);
}

/* A word of its own to ssh and to whatever its configuration makes of it. */
static bool is_word(const char *s, size_t n, const char *also) {
        if (n == 0 || n > 255 || *s == '-')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!s[i] || (!strchr(LETTERS, s[i]) && !strchr(also, s[i])))
                        return false;
        return true;
}

static int refuse(const char *option, const char *text, const char *form, Error **reterr) {
        error_set(reterr, EINVAL, "-%s does not take '%.80s'", option, text);
        return error_hint(reterr, -EINVAL, "It takes %s.", form);
}

static int take(char **where, const char *s, size_t n) {
        free(*where);
        *where = strndup(s, n);
        return *where ? 0 : -ENOMEM;
}

/* "host", "host:22", "[::1]", "[::1]:22", "fe80::1": where the host is, and where the port. */
static bool split_port(const char *text, const char **host, size_t *n_host, const char **port) {
        const char *colon = strchr(text, ':'), *end;

        *port = NULL;
        if (*text == '[') {
                end = strchr(text, ']');
                if (!end || (end[1] && end[1] != ':'))
                        return false;
                *host = text + 1;
                *n_host = (size_t) (end - text) - 1;
                *port = end[1] ? end + 2 : NULL;
                return true;
        }
        *host = text;
        *n_host = strlen(text);
        if (colon && colon == strrchr(text, ':')) {
                *n_host = (size_t) (colon - text);
                *port = colon + 1;
        }
        return true;
}

int remote_parse_host(Remote *r, const char *text, Error **reterr) {
        static const char form[] = "[USER@]HOST[:PORT][/MACHINE]";
        const char *slash = strchr(text, '/');
        _cleanup_free_ char *place = slash ? strndup(text, (size_t) (slash - text)) : strdup(text);
        const char *at, *host, *port;
        size_t n_host;
        uint16_t number;

        if (!place)
                return error_oom(reterr);
        at = strrchr(place, '@');
        if (!split_port(at ? at + 1 : place, &host, &n_host, &port) || !is_word(host, n_host, "._-:%") ||
            (at && !is_word(place, (size_t) (at - place), "._-+@")) || (port && parse_port(port, &number) < 0))
                return refuse("H", text, form, reterr);
        if (take(&r->host, host, n_host) < 0 || (at && take(&r->user, place, (size_t) (at - place)) < 0) || (port && take(&r->port, port, strlen(port)) < 0))
                return error_oom(reterr);
        return slash ? remote_parse_machine(r, slash + 1, reterr) : 0;
}

int remote_parse_machine(Remote *r, const char *text, Error **reterr) {
        const char *at = strrchr(text, '@'), *name = at ? at + 1 : text;

        if (!machine_name_is_valid(name) || (at && !is_word(text, (size_t) (at - text), "._-+")))
                return refuse("M", text, "[USER@]MACHINE", reterr);
        if (take(&r->machine, name, strlen(name)) < 0 || (at && take(&r->machine_user, text, (size_t) (at - text)) < 0))
                return error_oom(reterr);
        return 0;
}
