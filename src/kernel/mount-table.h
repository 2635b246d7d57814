/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The mounts of a process's mount namespace, as /proc/PID/mountinfo has them (proc(5)). To read it asks no file system anything, so that
 * one that never answers holds up nobody. What is outside of the process's root is not in it. */

typedef struct MountEntry {
        uint64_t id, parent;
        unsigned major, minor;
        char *root;  /* what of its file system it shows, from the root of that */
        char *point; /* from the process's root, absolute */
} MountEntry;

typedef struct MountTable {
        MountEntry *items;
        size_t n;
} MountTable;

/* proc: fd of /proc/PID. The kernel bounds how many there are (sysctl fs.mount-max). 0 or -errno; -EACCES where one may not look. */
int mount_table_read(int proc, MountTable *ret);
void mount_table_done(MountTable *t);

/* The same of its text. */
int mount_table_parse(FILE *in, MountTable *ret);

/* NULL: there is none. */
const MountEntry *mount_table_find(const MountTable *t, uint64_t id);

/* The one that stands right on it, at its root: what hides it. NULL: nothing does. */
const MountEntry *mount_table_cover(const MountTable *t, const MountEntry *m);

/* The uppermost of those at a place. */
const MountEntry *mount_table_at(const MountTable *t, const char *point);

/* The id by which mountinfo calls the mount that fd is in, asking the file system nothing (Linux 5.8). 0 or -errno. */
int mount_id_of(int fd, uint64_t *ret);
