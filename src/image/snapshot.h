/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "copy.h"
#include "error.h"
#include "find.h"
#include "store.h"

/* Snapshots: states of an image that it can go back to, in the store beside it (store.h), snapshots/ENTRY/, ENTRY being the image's own
 * name in its directory ("web", "web.raw"):
 *
 *     SNAP -> ../../layers/ID     of a tree on layers or a subvolume: a layer that nobody writes to any more
 *     SNAP                        of a disk image: a copy of the file, with reflinks where the file system has them
 *     .on -> SNAP                 which of them the image was last made or rolled back to, and
 *     .on.SNAP -> OTHER which one it stood on when SNAP was made: of subvolumes and disk images, for people; layers know it themselves
 *
 * A tree becomes one on layers by its first snapshot. To roll back is to put a new, empty layer on what was kept, and to let the image's
 * name lead there: the snapshot stays as it is, and what was written since belongs to nobody any more. A snapshot of that is a branch. */

#define SNAPSHOT_NAME_MAX 64

typedef struct Snapshot {
        char *name;
        uint64_t made_usec;        /* CLOCK_REALTIME */
        char layer[LAYER_ID_SIZE]; /* "": a disk image's */
        char *on;                  /* the snapshot that it stands on, or NULL */
        bool current;              /* the image stands on it: none newer is beneath what it is now */
} Snapshot;

void snapshot_free(Snapshot *s);
DEFINE_CLEANUP(Snapshot *, snapshot_free);
void snapshot_list_free(Snapshot **list, size_t n);

/* [A-Za-z0-9], then any of [A-Za-z0-9._:+-]; 64 at most. 0 or -EINVAL. */
bool snapshot_name_is_valid(const char *name);
int snapshot_name_check(const char *name, Error **reterr);

/* A name that none of the image's has, by the local time: "2026-11-22-182405". The caller's. */
int snapshot_name_new(const Image *image, char **ret, Error **reterr);

/* All of an image, the oldest first. None is no error. */
int snapshot_list(const Image *image, Snapshot ***ret, size_t *ret_n, Error **reterr);

/* One of them by name; NULL: the latest. -ENOENT with an Error that says what there is. */
int snapshot_find(const Image *image, const char *name, Snapshot **ret, Error **reterr);

/* What it keeps that is stored nowhere else: bytes on disk. -ENODATA: btrfs would have to be asked about each file. */
int snapshot_size(const Image *image, const Snapshot *snapshot, uint64_t *ret);

/* Whether it can be one's name: 0, -EINVAL or -EEXIST. */
int snapshot_check_new(const Image *image, const char *name, Error **reterr);

/* Take one. Nobody may write to the image meanwhile but to a subvolume: the caller has it locked, shared at least. `watch` is for disk
 * images, which are copied. -EEXIST. */
int snapshot_make(const Image *image, const char *name, const CopyWatch *watch, Error **reterr);

/* The same of a layer that nobody refers to yet, which is what the image has now: of a running machine (live-copy.h). */
int snapshot_make_of_layer(const Image *image, const char *name, const Layer *layer, Error **reterr);

/* The image becomes what it was. It is locked, for the caller alone. What is discarded by that is left to store_sweep(). */
int snapshot_rollback(const Image *image, const Snapshot *snapshot, const CopyWatch *watch, Error **reterr);

/* Forget the name. What other images or snapshots stand on stays, the rest is left to store_sweep(). */
int snapshot_remove(const Image *image, const char *name, Error **reterr);
