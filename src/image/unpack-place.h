/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include "archive-form.h"
#include "error.h"

/* Where the entries of an archive go: the directories on the way from the top of the tree to the one that the last entry was in, open.
 * Most entries lie in the same one as the entry before, or next to it, and need no look-up. Each is entered from the one above it without
 * following anything, so that what is open lies beneath the top, whatever the archive has put there.
 *
 * A directory's time is set when it is left, since making something in it changes it. */

#define UNPACK_DEPTH_MAX 250 /* directories: as deep as copy.h copies, and remove.h can remove */

typedef struct UnpackLevel {
        int fd;                /* O_RDONLY */
        char name[NAME_MAX + 1];
        struct timespec mtime; /* as it is to be when left */
        bool has_time;
        bool is_touched;       /* something was made in it since it was entered */
        bool is_setgid;        /* what is made in it gets its group */
        bool has_default_acl;  /* what is made in it gets an ACL */
} UnpackLevel;

typedef struct UnpackPlace {
        UnpackLevel *levels; /* the first is the top */
        size_t n;
        char *path;          /* components, each ended by a NUL: of the last unpack_path() */
        const char *components[UNPACK_DEPTH_MAX + 1];
        size_t n_components;
        int below;           /* a tree of the layers below, or -1 */
        bool is_layer;       /* whiteouts of our own may be in the way of a directory */
        bool meets_acls;     /* somewhere there is a default ACL */
        bool has_whiteout, has_opaque, is_top_opaque; /* unpack-whiteout.h */
} UnpackPlace;

int unpack_place_init(UnpackPlace *p, int top, Error **reterr);
void unpack_place_done(UnpackPlace *p);

/* An entry's path into its components: "/" and "." in it mean nothing; "..", and more of them than are allowed, are refused. None: it is
 * the top. `whole` is for messages. */
int unpack_path(UnpackPlace *p, const char *path, const char *whole, Error **reterr);

/* Be in the directory of the first n components; what is missing is made. */
int unpack_enter(UnpackPlace *p, size_t n, const char *whole, Error **reterr);

/* The directory where we are, in which something is about to be made. */
UnpackLevel *unpack_here(UnpackPlace *p);

/* One deeper, into a directory that has just been made there, or has been there (`is_new` not set). -errno alone. */
int unpack_step(UnpackPlace *p, const char *name, bool is_new);

/* What a directory's default ACL has given to what is made in it. -errno. */
int unpack_drop_acls(int fd);

/* Leave all; times are set. */
int unpack_leave(UnpackPlace *p, Error **reterr);

/* Remove what has a name, whatever it is, for the entry that comes now. Not being there is success. -errno. */
int unpack_clear(int dir, const char *name);

/* What stands for every refusal: the archive has no place here. */
int unpack_refuse(Error **reterr, const char *fmt, ...) _printf_(2, 3);
