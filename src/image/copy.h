/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Whole copies: contents (reflinks where the file system has them, holes kept), owners, modes, times, hard links, extended attributes with
 * ACLs and capabilities, overlayfs's own attributes and whiteouts, device nodes, fifos, sockets as nodes; names are bytes. Other mounts in
 * it are left out: what they hide is copied.
 *
 * The tree is a guest's and may change meanwhile: each entry is opened beneath its directory by fd, without following anything, and is what
 * it is by that fd; nothing but regular files and directories is opened to be read, so that no fifo is waited for and no device is woken.
 * What vanishes meanwhile is left out. The copy is nobody's but the caller's until it is done.
 *
 * Two attributes are not copied, as cp(1) does not: immutable and append-only, for a copy is there to be changed. CopyProgress counts
 * them. */

typedef struct CopyProgress {
        uint64_t files, bytes; /* so far; bytes of contents, holes not counted */
        uint64_t unlocked;     /* files that were immutable or append-only */
} CopyProgress;

typedef struct CopyWatch {
        bool (*is_cancelled)(void *userdata); /* asked between files, and in large ones; or NULL */
        void (*show)(const CopyProgress *p, void *userdata); /* as often; or NULL */
        void *userdata;
        /* bytes that it will take without reflinks, as tree_size() has them, or 0: where there is not as much room, it ends before it fills
         * the disk */
        uint64_t expected;
} CopyWatch;

/* The directory `from` (any fd of it) into the directory `to`, which is there and empty, and gets from's attributes. -ECANCELED; -ENOSPC
 * says what is needed. The copy may be in memory only: syncfs(2) is the caller's. At most 250 directories deep (-ELOOP). */
int copy_tree(int from, int to, const CopyWatch *watch, Error **reterr);

/* One regular file (a disk image; any fd of it) as `name` in dir, which must not be there (-EEXIST). After a failure nothing is left. */
int copy_file(int from, int dir, const char *name, const CopyWatch *watch, Error **reterr);

/* The same into a file that is there, empty, as an fd of it: it stays after a failure. `name` is for messages. */
int copy_file_into(int from, int to, const char *name, const CopyWatch *watch, Error **reterr);

/* What a copy would take: bytes on disk (hard links once), and files; other mounts in it not counted. 0 or -errno. */
int tree_size(int dir, uint64_t *ret_bytes, uint64_t *ret_files);
