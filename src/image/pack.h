/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "copy.h"

/* Writing archives: tar as pax has it, which GNU tar, bsdtar and libarchive read, with owners, times to the nanosecond, holes, hard links,
 * extended attributes, ACLs and capabilities; and one file, compressed. */

typedef enum Compression {
        COMPRESS_NONE,
        COMPRESS_GZIP,
        COMPRESS_XZ,
        COMPRESS_ZSTD,
        COMPRESS_BZIP2,
} Compression;

/* "gzip", "xz", "zstd", "bzip2", "uncompressed", as --format= has them; and by a file's name: ".tar.gz", ".tgz", ".xz", … NONE for others. */
const char *compression_name(Compression c);
Compression compression_by_suffix(const char *file);

typedef struct Pack Pack;

Pack *pack_free(Pack *p);
static inline void pack_freep(Pack **p) {
        pack_free(*p);
}

/* A tar into fd (a file, a pipe), which stays the caller's. */
int pack_open(int fd, const char *name, Compression compression, Pack **ret, Error **reterr);

typedef struct PackTree {
        const char *prefix;     /* of all paths: "" or "tree/"; the top directory itself is "./" */
        uid_t base;             /* whose ids the tree's are on disk: taken off (see StackMount.disk_base) */
        bool whiteouts;         /* a layer of ours as OCI has them: overlayfs's whiteouts and opaque directories become .wh. files */
        const CopyWatch *watch; /* or NULL */
} PackTree;

/* A tree (any fd of its directory), as copy_tree() reads it: it is a guest's, and may change meanwhile. Sockets are left out, as every tar
 * leaves them out. */
int pack_tree(Pack *p, int tree, const PackTree *how, Error **reterr);

/* A regular file of the caller's making, root's, 0600: text that goes with a tree. */
int pack_text(Pack *p, const char *path, const void *data, size_t size, Error **reterr);

/* A regular file by fd, with its holes. */
int pack_file(Pack *p, const char *path, int fd, const CopyWatch *watch, Error **reterr);

/* The end of the archive; what was written before it is no whole one. */
int pack_end(Pack *p, Error **reterr);

/* One file, from its beginning, compressed, into fd. */
int compress_file(int from, int to, const char *name, Compression compression, const CopyWatch *watch, Error **reterr);
