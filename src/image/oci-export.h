/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "oci-config.h"
#include "pack.h"

/* Trees as an image of OCI's image layout (image-spec 1.0), as a directory or a tar of one. A layer of the store is a layer there, by the
 * same bytes each time: whoever has it already need not take it again. */

typedef struct OciLayer {
        int tree;         /* any fd of its directory */
        int merged;       /* what is to be seen of it with those below, or -1: as PackTree has it */
        bool whiteouts;   /* it stands on another */
        bool with_mounts; /* what is mounted in it belongs to it */
} OciLayer;

typedef struct OciExport {
        const OciLayer *layers; /* the lowest first */
        size_t n_layers;
        uid_t base;             /* whose ids the trees' are on disk, as PackTree has it */
        OciConfig *config;      /* its diff_ids are set */
        uint64_t created_usec;  /* CLOCK_REALTIME */
        Compression compression; /* NONE, GZIP or ZSTD: OCI knows no other */
        const CopyWatch *watch;  /* or NULL */
} OciExport;

/* Into the directory, empty, that is the caller's to remove after a failure, or to bring to disk. *ret: sums over all layers. */
int oci_export_directory(const OciExport *q, int directory, PackResult *ret, Error **reterr);

/* As a tar into fd (`name` is for messages). Its parts are kept in files without a name in `scratch` until all are known. */
int oci_export_tar(const OciExport *q, int fd, const char *name, int scratch, PackResult *ret, Error **reterr);
