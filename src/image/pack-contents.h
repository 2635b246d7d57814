/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pack-out.h"
#include "tar-header.h"

/* The contents of one file in a tar: all of it, or what is between its holes, as GNU's sparse format 1.0 has it (tar(5), "GNU.sparse"): a
 * map of what is there, then that. Sizes are written before contents are; so what a file loses meanwhile is zeros, and what it gains is
 * left. */

typedef struct Extent {
        uint64_t offset, size;
} Extent;

typedef struct Contents {
        int fd;             /* to be read */
        uint64_t size;      /* as it was looked at */
        Extent *extents;    /* what is not a hole; NULL: it has none worth a map */
        size_t n_extents;
        bool changed;       /* it was shorter in the end */
} Contents;

void contents_done(Contents *c);

/* Where data is, of a file that takes fewer bytes on disk than it has. -E2BIG: more pieces than anybody's file has. */
int contents_look(Contents *c, uint64_t on_disk);

/* What `m`, path and attributes of which are set, becomes by that: size, and records of a file with holes; *ret_path, the caller's, is to
 * live as long as `m`. */
int contents_describe(const Contents *c, TarMember *m, TarBytes *records, char **ret_path);

/* Said as it is read, every MiB or so: 0, or -errno that ends it. */
typedef int (*ContentsStep)(uint64_t bytes, void *userdata);

/* The error is of what is written, or NULL: the file's own, or the step's. */
int contents_write(Contents *c, PackOut *out, ContentsStep step, void *userdata, Error **reterr);

/* The file as it is, to its end, holes as zeros. */
int contents_copy(int fd, PackOut *out, ContentsStep step, void *userdata, Error **reterr);
