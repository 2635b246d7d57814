/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mount-table.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

static void entry_done(MountEntry *m) {
        free(m->root);
        free(m->point);
}

void mount_table_done(MountTable *t) {
        for (size_t i = 0; i < t->n; i++)
                entry_done(t->items + i);
        free(t->items);
        *t = (MountTable){};
}

static bool is_octal(const char *s) {
        return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

/* Blanks, newlines and backslashes stand as three octal digits. */
static void unescape(char *s) {
        char *to = s;

        for (; *s; to++)
                if (s[0] == '\\' && is_octal(s + 1)) {
                        *to = (char) ((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
                        s += 4;
                } else
                        *to = *s++;
        *to = 0;
}

static char *next_word(char **rest) {
        char *word = strdup(strsep(rest, " \n"));

        if (word)
                unescape(word);
        return word;
}

/* "36 35 98:0 /root /point options…" */
static int parse(char *line, MountEntry *ret) {
        MountEntry m = {};
        int used = 0;
        char *rest;

        if (sscanf(line, "%" SCNu64 " %" SCNu64 " %u:%u %n", &m.id, &m.parent, &m.major, &m.minor, &used) != 4 || used == 0)
                return -EBADMSG;
        rest = line + used;
        m.root = next_word(&rest);
        m.point = rest ? next_word(&rest) : NULL;
        if (!m.root || !m.point) {
                entry_done(&m);
                return rest ? -ENOMEM : -EBADMSG;
        }
        *ret = m;
        return 0;
}

static int append(MountTable *t, size_t *space, char *line) {
        MountEntry m;
        int r = parse(line, &m);

        if (r < 0)
                return r;
        if (t->n == *space) {
                size_t want = *space ? *space * 2 : 64;
                MountEntry *grown = reallocarray(t->items, want, sizeof(*grown));

                if (!grown) {
                        entry_done(&m);
                        return -ENOMEM;
                }
                t->items = grown;
                *space = want;
        }
        t->items[t->n++] = m;
        return 0;
}

int mount_table_parse(FILE *in, MountTable *ret) {
        _cleanup_free_ char *line = NULL;
        size_t size = 0, space = 0;
        int r = 0;

        *ret = (MountTable){};
        while (r >= 0 && getline(&line, &size, in) > 0)
                r = append(ret, &space, line);
        if (r >= 0 && ferror(in))
                r = -EIO;
        if (r < 0)
                mount_table_done(ret);
        return r;
}

int mount_table_read(int proc, MountTable *ret) {
        _cleanup_close_ int fd = openat(proc, "mountinfo", O_RDONLY | O_CLOEXEC);
        _cleanup_fclose_ FILE *in = fd < 0 ? NULL : fdopen(fd, "re");

        *ret = (MountTable){};
        if (!in)
                return -errno;
        (void) TAKE_FD(fd);
        return mount_table_parse(in, ret);
}

const MountEntry *mount_table_find(const MountTable *t, uint64_t id) {
        for (size_t i = 0; i < t->n; i++)
                if (t->items[i].id == id)
                        return t->items + i;
        return NULL;
}

const MountEntry *mount_table_cover(const MountTable *t, const MountEntry *m) {
        for (size_t i = 0; i < t->n; i++)
                if (t->items[i].parent == m->id && t->items + i != m && strcmp(t->items[i].point, m->point) == 0)
                        return t->items + i;
        return NULL;
}

const MountEntry *mount_table_at(const MountTable *t, const char *point) {
        const MountEntry *m = NULL, *next;

        for (size_t i = 0; i < t->n && !m; i++)
                if (strcmp(t->items[i].point, point) == 0)
                        m = t->items + i;
        for (size_t i = 0; m && i < t->n && (next = mount_table_cover(t, m)); i++)
                m = next;
        return m;
}

int mount_id_of(int fd, uint64_t *ret) {
        struct statx x;

        if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &x) < 0)
                return -errno;
        if (!(x.stx_mask & STATX_MNT_ID))
                return -EOPNOTSUPP;
        *ret = x.stx_mnt_id;
        return 0;
}
