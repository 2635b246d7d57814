/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Files with several names, by what they are on disk. The time of birth is part of that, since an inode's number may be another file's a
 * moment later. */

#define HARD_LINKS_MAX (1U << 21) /* files with several names in a tree; -E2BIG */

typedef struct HardLink {
        uint64_t inode, device;
        int64_t born_sec;
        uint32_t born_nsec;
        uint32_t left; /* names that were not seen yet */
        char *path;    /* of the first name, or NULL */
} HardLink;

typedef struct HardLinks {
        HardLink *slots; /* hashed, a power of two; free ones have device UINT64_MAX */
        size_t n_slots, n;
} HardLinks;

/* One more name of a file. 1: known, *ret is it (until the next call); 0: the first, and *ret is its new entry; -ENOMEM, -E2BIG. When
 * `left` gets to 0 it will not be asked for again. */
int hard_links_see(HardLinks *h, const struct statx *st, HardLink **ret);
void hard_links_done(HardLinks *h);
