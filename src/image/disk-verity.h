/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "disk.h"
#include "verity.h"

/* Which partition of a disk image is verified, by what. */

typedef struct DiskVerity {
        const DiskPartition *data;   /* root or usr; NULL: nothing is verified */
        const DiskPartition *hashes; /* the partition with its hashes, or NULL: they are a file's */
        char *file;                  /* that file's path */
        VerityHash root;
} DiskVerity;

void disk_verity_done(DiskVerity *v);

/* By the root hash of the image (--root-hash=) or else of NAME.roothash (NAME.usrhash) beside it; its hashes are in NAME.verity, the file
 * of --verity-data=, or the partition for them. Where a root hash is given and nothing can be verified by it, that is an error: what is to
 * be verified is never mounted unverified. */
int disk_verity_find(const Disk *d, const Image *image, DiskVerity *ret, Error **reterr);

/* v->data as a device that gives only what is verified: an fd, or -errno. `device`: of v->data, read-only. */
int disk_verity_open(const Disk *d, const DiskVerity *v, int device, Error **reterr);
