/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binds.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "device-spec.h"
#include "enums.h"
#include "path.h"
#include "text.h"

void bind_done(MachineBind *b) {
        free(b->source);
        free(b->destination);
        *b = (MachineBind){};
}

void bind_list_done(BindList *list) {
        for (size_t i = 0; i < list->n; i++)
                bind_done(list->items + i);
        free(list->items);
        *list = (BindList){};
}

int bind_list_take(BindList *list, MachineBind *b) {
        MachineBind *grown = reallocarray(list->items, list->n + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        list->items = grown;
        list->items[list->n++] = *b;
        *b = (MachineBind){};
        return 0;
}

void bind_list_remove(BindList *list, size_t i) {
        bind_done(list->items + i);
        memmove(list->items + i, list->items + i + 1, (--list->n - i) * sizeof(*list->items));
}

const char *bind_idmap_name(int idmap) {
        return enum_to_string(bind_option_names, BIND_OPTION_NOIDMAP + idmap);
}

char *bind_format(const MachineBind *b) {
        _cleanup_free_ char *source = colon_escape(b->source), *destination = colon_escape(b->destination);
        char *text;

        if (!source || !destination || asprintf(&text, "%s,%s,%s %s:%s", b->read_only ? "ro" : "rw", b->recursive ? "rbind" : "norbind",
                                                bind_idmap_name(b->idmap), destination, source) < 0)
                return NULL;
        return text;
}

static int parse_options(MachineBind *b, char *text) {
        char *access = strsep(&text, ","), *recursive = strsep(&text, ","), *idmap = strsep(&text, ",");
        int option;

        if (!idmap || text || enum_parse(bind_option_names, idmap, &option, NULL) < 0 || option < BIND_OPTION_NOIDMAP)
                return -EINVAL;
        b->idmap = option - BIND_OPTION_NOIDMAP;
        b->read_only = strcmp(access, "ro") == 0;
        b->recursive = strcmp(recursive, "rbind") == 0;
        return (b->read_only || strcmp(access, "rw") == 0) && (b->recursive || strcmp(recursive, "norbind") == 0) ? 0 : -EINVAL;
}

static bool is_source(const char *path) {
        return path_is_clean(*path == '+' ? path + 1 : path);
}

int bind_parse(const char *text, MachineBind *ret) {
        _cleanup_(bind_done) MachineBind b = {};
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy, *options;
        const char *paths;

        if (!copy)
                return -ENOMEM;
        options = strsep(&rest, " ");
        if (!rest || parse_options(&b, options) < 0)
                return -EINVAL;
        paths = rest;
        b.destination = colon_next_field(&paths);
        b.source = paths ? colon_next_field(&paths) : NULL;
        if (!b.destination || !b.source || paths || !path_is_clean(b.destination) || !is_source(b.source))
                return -EINVAL;
        *ret = b;
        b = (MachineBind){};
        return 0;
}

int binds_from_text(char *const *text, BindList *ret) {
        for (; text && *text; text++) {
                _cleanup_(bind_done) MachineBind b = {};
                int r = bind_parse(*text, &b);

                if (r >= 0)
                        r = bind_list_take(ret, &b);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}
