/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "copy.h"

/* Writing archives: tar as pax has it, which GNU tar, bsdtar and libarchive read, with owners by number, times to the nanosecond, holes
 * (GNU's sparse format 1.0), hard links, extended attributes (user.*, capabilities) and ACLs; and one file, compressed. The same tree gives
 * the same bytes: entries are sorted, and nothing of this host goes in. */

typedef enum Compression {
        COMPRESS_NONE,
        COMPRESS_GZIP,
        COMPRESS_XZ,
        COMPRESS_ZSTD,
        COMPRESS_BZIP2,
} Compression;

/* "uncompressed", "gzip", "xz", "zstd", "bzip2", as --format= has them; and by a file's name: ".tar.gz", ".tgz", ".xz", …
 * NONE for others. */
const char *compression_name(Compression c);
Compression compression_by_suffix(const char *file);

/* Sees bytes as they go by, for digests. */
typedef struct PackTap {
        void (*bytes)(const void *data, size_t size, void *userdata); /* or NULL */
        void *userdata;
} PackTap;

typedef struct PackWish {
        int fd;                 /* a file, a pipe, a socket; stays the caller's. Written to from where it stands */
        const char *name;       /* of that, for messages */
        Compression compression;
        const CopyWatch *watch; /* or NULL; bytes are those of disk that were read, as tree_size() counts them. Asked while we wait, too */
        PackTap plain, packed;  /* before and after compression */
} PackWish;

typedef struct PackResult {
        uint64_t changed;  /* files that changed while they were read: what was missing then is zeros */
        uint64_t left_out; /* sockets, and of a layer what has a name that is a whiteout's */
        uint64_t written;  /* bytes, compressed */
} PackResult;

typedef struct Pack Pack;

Pack *pack_free(Pack *p);
static inline void pack_freep(Pack **p) {
        pack_free(*p);
}

/* `wish` is copied; what it points to must outlive the pack. SIGPIPE is the caller's to ignore. */
int pack_open(const PackWish *wish, Pack **ret, Error **reterr);

typedef struct PackTree {
        const char *prefix;     /* of all paths, links' targets too: "" or "tree/"; the top directory itself is "./" or "tree/" */
        uid_t base;             /* whose ids the tree's are on disk: taken off (see StackMount.disk_base) */
        bool with_mounts;       /* what is mounted in it belongs to it; else it is left out, and what it hides is packed */
        bool whiteouts;         /* a layer of ours as OCI has them: overlayfs's whiteouts and opaque directories become .wh. files */
        int merged;             /* of a layer: the tree as it is seen with those below (any fd), for directories that were renamed in it;
                                 * not looked at without `whiteouts` */
} PackTree;

/* A tree (any fd of its directory): it is a guest's, and may change meanwhile. */
int pack_tree(Pack *p, int tree, const PackTree *how, Error **reterr);

/* A regular file of the caller's making, root's, 0600, of 1970: text that goes with a tree. */
int pack_text(Pack *p, const char *path, const void *data, size_t size, Error **reterr);

/* A regular file by fd, with its holes; root's, 0600, of 1970. */
int pack_file(Pack *p, const char *path, int fd, Error **reterr);

/* All that was added is in fd, the compression ended, with no end of the archive: for who writes that by himself. Nothing can be added. */
int pack_flush(Pack *p, Error **reterr);

/* The end of the archive; what was written before it is no whole one. */
int pack_end(Pack *p, Error **reterr);

PackResult pack_result(const Pack *p);

/* One file, from its beginning to its end, holes as zeros. */
int compress_file(int from, const PackWish *wish, Error **reterr);
