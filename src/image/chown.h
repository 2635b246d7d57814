/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Giving all files of a tree to other users, on disk: for a file system that cannot map ids. Only ever on request.
 *
 * The tree is a guest's and hostile: each file is opened beneath the tree without following anything, and changed by that fd. What is
 * mounted in it is not gone into. A file keeps its mode, which the kernel cuts setuid and setgid from when its owner changes; its ACLs
 * and the root user of its capabilities (capabilities(7), version 3) change with its owner.
 *
 * It can be interrupted anywhere, SIGKILL and power failure included, and be begun anew: what is done is known by its owner. So is a
 * tree that was not finished: its top directory belongs to CHOWN_BUSY + n until all is done, as systemd-nspawn has it, too; but in a
 * machine, which has no such ids. What a file would lose in the middle of its change stands in an attribute of it (trusted.nbox.kept)
 * meanwhile. */

#define CHOWN_BUSY 0xFFFE0000U

typedef struct ChownRequest {
        const char *path; /* the tree's, for messages */
        uid_t from, to;   /* users and groups from..from+count become to..to+count; the two do not overlap */
        uint32_t count;
        bool from_unknown; /* of an interrupted one: each id by what it is in its block of 65,536, as systemd-nspawn does */
        bool (*is_cancelled)(void *userdata); /* asked now and then */
        void *userdata;
} ChownRequest;

typedef struct ChownResult {
        uint64_t changed; /* files */
        uint64_t strange; /* left as they are: they belong to ids that are in neither range */
        uint64_t mounts;  /* likewise: something is mounted on them */
} ChownResult;

/* `root` is an fd (O_PATH) of the tree's top directory. -ECANCELED where it was cancelled; after that and any failure it can be begun
 * anew. */
int tree_chown(int root, const ChownRequest *q, ChownResult *ret, Error **reterr);
