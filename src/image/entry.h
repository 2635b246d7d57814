/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "find.h"

/* What bears an image's name in its directory, for who renames or removes it: not what it leads to. */

typedef enum EntryKind {
        ENTRY_TREE,    /* the tree itself, perhaps a subvolume */
        ENTRY_LAYERED, /* a link into the store beside it (store.h) */
        ENTRY_DISK,    /* a disk image's file */
        ENTRY_LINK,    /* a link of the administrator's to an image that is kept elsewhere */
} EntryKind;

typedef struct ImageEntry {
        EntryKind kind;
        char *directory; /* of the search path */
        char *name;      /* the image's */
        char *file;      /* the entry's: the same, or with ".raw" */
        int dir;         /* O_RDONLY, of `directory` */
        /* of the entry itself, and when it was made where the file system knows: together they are this one and no other */
        uint64_t inode;
        uint64_t born_usec;
} ImageEntry;

void image_entry_free(ImageEntry *e);
DEFINE_CLEANUP(ImageEntry *, image_entry_free);

/* By name, as image_find() looks for it. -EINVAL for a directory, which has no name to change; -EROFS with an Error where it lies in a
 * place that cannot be written to, as those of images that come with the system. */
int image_entry_find(const char *name, ImageEntry **ret, Error **reterr);

/* Open one that is at a place that was written down. -ENOENT without an Error where nothing is there. */
int image_entry_open(const char *directory, const char *file, ImageEntry **ret, Error **reterr);

/* What makes it this one, of an fd (also O_PATH) of it. 0 or -errno. */
int image_entry_identity(int fd, uint64_t *ret_inode, uint64_t *ret_born_usec);

/* Whether it is still what stood there. */
bool image_entry_is(int dir, const char *file, uint64_t inode, uint64_t born_usec);

/* Refused with -EBUSY where something is mounted on it or in it, in our mount namespace. */
int image_entry_check_mounts(const ImageEntry *e, Error **reterr);
