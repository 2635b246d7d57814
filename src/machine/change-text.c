/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The text of what was begun: see change.h. */

#include <string.h>

#include "change.h"
#include "parse.h"
#include "strv.h"
#include "text.h"

#define VERSION "1"

static const char *const kinds[] = { [CHANGE_RENAME] = "rename", [CHANGE_REMOVE] = "remove", [CHANGE_ADD] = "add" };

void change_free(Change *c) {
        if (!c)
                return;
        free(c->directory);
        free(c->from);
        free(c->to);
        free(c->machine);
        free(c->new_machine);
        strv_free(c->paths);
        strv_free(c->new_paths);
        free(c);
}

Change *change_new(ChangeKind kind, const ImageEntry *e) {
        _cleanup_(change_freep) Change *c = calloc(1, sizeof(*c));

        if (!c || string_set(&c->directory, e->directory) < 0 || string_set(&c->from, e->file) < 0)
                return NULL;
        c->kind = kind;
        c->inode = e->inode;
        c->born_usec = e->born_usec;
        return TAKE_PTR(c);
}

static void put(FILE *f, const char *key, const char *value) {
        if (value)
                fprintf(f, "%s=%s\n", key, value);
}

char *change_format(const Change *c) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        put(f, "Version", VERSION);
        put(f, "Kind", kinds[c->kind]);
        put(f, "Directory", c->directory);
        put(f, "From", c->from);
        fprintf(f, "Inode=%llu\nBorn=%llu\n", (unsigned long long) c->inode, (unsigned long long) c->born_usec);
        put(f, "To", c->to);
        put(f, "Machine", c->machine);
        put(f, "NewMachine", c->new_machine);
        put(f, "Immutable", c->immutable ? "yes" : NULL);
        for (size_t i = 0; c->paths && c->paths[i]; i++) {
                put(f, "Path", c->paths[i]);
                put(f, "NewPath", c->new_paths ? c->new_paths[i] : NULL);
        }
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static int read_version(_unused_ Change *c, const char *value) {
        return strcmp(value, VERSION) == 0 ? 0 : -EPROTONOSUPPORT;
}

static int read_kind(Change *c, const char *value) {
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (strcmp(value, kinds[i]) == 0) {
                        c->kind = (ChangeKind) i;
                        return 0;
                }
        return -EINVAL;
}

static int read_directory(Change *c, const char *value) {
        return *value == '/' ? string_set(&c->directory, value) : -EINVAL;
}

static int read_entry(char **entry, const char *value) {
        return *value && !strchr(value, '/') ? string_set(entry, value) : -EINVAL;
}

static int read_from(Change *c, const char *value) {
        return read_entry(&c->from, value);
}

static int read_to(Change *c, const char *value) {
        return read_entry(&c->to, value);
}

static int read_inode(Change *c, const char *value) {
        return parse_u64(value, UINT64_MAX, &c->inode);
}

static int read_born(Change *c, const char *value) {
        return parse_u64(value, UINT64_MAX, &c->born_usec);
}

static int read_machine(Change *c, const char *value) {
        return string_set(&c->machine, value);
}

static int read_new_machine(Change *c, const char *value) {
        return string_set(&c->new_machine, value);
}

static int read_immutable(Change *c, const char *value) {
        c->immutable = strcmp(value, "yes") == 0;
        return 0;
}

static int read_path(Change *c, const char *value) {
        return *value == '/' ? strv_append(&c->paths, value) : -EINVAL;
}

static int read_new_path(Change *c, const char *value) {
        return *value == '/' ? strv_append(&c->new_paths, value) : -EINVAL;
}

static const struct {
        const char *key;
        int (*read)(Change *c, const char *value);
} keys[] = {
        { "Version", read_version },     { "Kind", read_kind },
        { "Directory", read_directory }, { "From", read_from },
        { "Inode", read_inode },         { "Born", read_born },
        { "To", read_to },               { "Machine", read_machine },
        { "NewMachine", read_new_machine }, { "Immutable", read_immutable },
        { "Path", read_path },           { "NewPath", read_new_path },
};

static int read_line(Change *c, char *line) {
        char *value = strchr(line, '=');

        if (!value)
                return -EINVAL;
        *value++ = 0;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (strcmp(line, keys[i].key) == 0)
                        return keys[i].read(c, value);
        return -EINVAL;
}

static bool is_whole(const Change *c) {
        if (!c->directory || !c->from)
                return false;
        if (c->kind == CHANGE_RENAME)
                return c->to && strv_length(c->paths) == strv_length(c->new_paths);
        return !c->new_paths && (c->to || c->kind == CHANGE_REMOVE);
}

int change_parse(char *text, Change **ret, Error **reterr) {
        _cleanup_(change_freep) Change *c = calloc(1, sizeof(*c));
        int r = c ? 0 : -ENOMEM;

        for (char *line; r >= 0 && (line = strsep(&text, "\n"));)
                if (*line)
                        r = read_line(c, line);
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r == -EPROTONOSUPPORT)
                return error_set(reterr, r, CHANGE_FILE " is of a newer nbox, which is to end what it has begun");
        if (r < 0 || !is_whole(c)) {
                error_set(reterr, EBADMSG, CHANGE_FILE ", which tells of a change of an image that was begun, is damaged");
                return error_hint(reterr, -EBADMSG, "Look at what it says, put the image and its settings right by hand, and remove it.");
        }
        *ret = TAKE_PTR(c);
        return 0;
}
