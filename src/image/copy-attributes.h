/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* All that a file has beside its contents, in the order that keeps it: the owner (whose change takes setuid, setgid and capabilities away),
 * extended attributes (of which an ACL changes the mode), the mode, and the times last. */

typedef struct AttributeCopier {
        char *names, *value; /* buffers; NULL until they are needed */
        const char *lacking; /* after -EOPNOTSUPP: the attribute that the copy's file system cannot hold, in names; or NULL */
} AttributeCopier;

/* The file that is copied: any fd of it (O_PATH but for regular files and directories), and what it was when it was looked at. */
typedef struct CopySource {
        int fd;
        const struct statx *st;
} CopySource;

/* To a regular file or a directory, open. */
int copy_attributes(AttributeCopier *c, const CopySource *from, int to);

/* To anything else, as `name` in a directory that nobody else writes to. */
int copy_attributes_at(AttributeCopier *c, const CopySource *from, int dir, const char *name);

/* The attributes of chattr(1) that say how contents lie on the disk, which must be the same for blocks to be shared: to an empty file or
 * directory. Best effort. */
void copy_flags(int from, int to);

void attribute_copier_done(AttributeCopier *c);
