/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Whole copies: contents (reflinks where the file system has them, holes kept), owners, modes, times, hard links, extended attributes with ACLs and
 * capabilities, overlayfs's own attributes and whiteouts, device nodes, sockets as nodes. Nothing is followed: each component is opened beneath the roots by fd. Other
 * mounts in it are left out. */

typedef struct CopyProgress {
        uint64_t files, bytes; /* so far */
} CopyProgress;

typedef struct CopyWatch {
        bool (*is_cancelled)(void *userdata); /* asked between files; or NULL */
        void (*show)(const CopyProgress *p, void *userdata); /* or NULL */
        void *userdata;
} CopyWatch;

/* The directory `from` (any fd of it) into the directory `to`, which is there and empty, and gets from's attributes. -ECANCELED. */
int copy_tree(int from, int to, const CopyWatch *watch, Error **reterr);

/* One file (a disk image) as `name` in dir, which must not be there. */
int copy_file(int from, int dir, const char *name, const CopyWatch *watch, Error **reterr);

/* What a copy would take: bytes on disk (hard links once), and files; stops early at max_files. */
int tree_size(int dir, uint64_t *ret_bytes, uint64_t *ret_files);
