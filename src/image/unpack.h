/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "archive.h"
#include "copy.h"

/* A tar into a tree: owners, modes, times, hard links, holes, extended attributes with ACLs and capabilities as the archive has them.
 *
 * The archive is hostile. Each entry is made beneath the tree's directory by fd; no link, made by the archive or not, is ever followed
 * on the way to it, ".." and absolute targets of hard links are refused by name, and so is what could not be removed again (250 levels).
 * Device nodes are left out and counted, for a machine's /dev is not its tree's, and on disk they would be the host's devices; so are
 * attributes that speak to the kernel about the host (trusted.*, security.* but capabilities). Where the disk would be filled beyond
 * what its owner needs to go on, it ends. */

typedef struct UnpackWish {
        const CopyWatch *watch; /* or NULL. CopyProgress.bytes are what was read of the archive, as it is (archive_consumed()) */
        bool whiteouts;         /* a layer of OCI: ".wh.NAME" and ".wh..wh..opq" become what overlayfs has for them, if there is one below */
        int below;              /* a layer: the tree below it, O_PATH, for the attributes of directories that it does not list, and what its hard
                                 * links mean; -1: none */
        uint64_t size_max;      /* of all contents, in bytes, holes not counted; 0: what the disk has */
        const char *prefix;     /* "tree/": taken off all paths and targets of hard links, and it is itself the top directory. What is not
                                 * beneath it ends the work, and archive_next() returns it again. NULL: there is none */
} UnpackWish;

typedef struct UnpackResult {
        uint64_t files, bytes; /* made; written, holes not counted */
        uint64_t devices;      /* left out */
        uint64_t xattrs;       /* left out, with ACLs that name nobody's number */
        uint64_t strangers;    /* files of ids beyond 65535, which no machine has */
} UnpackResult;

/* The rest of the archive into the directory `to` (any fd), which is there, and empty but for what the caller put there. Entries that come
 * twice: the later one stands. The directory itself, where the archive does not list it, becomes 0755, or stays as it is in a layer.
 * -ECANCELED; -EBADMSG: the archive is refused. What was made stays after a failure: the caller removes the whole. Sets the umask for
 * its time. */
int unpack_tree(Archive *a, int to, const UnpackWish *wish, UnpackResult *ret, Error **reterr);

/* The contents of the file that archive_next() has returned into a regular file, empty, open to be written; blocks of zeros become holes.
 * `name` is for messages. Only watch and size_max of the wish matter. */
int unpack_file(Archive *a, int to, const char *name, const UnpackWish *wish, UnpackResult *ret, Error **reterr);

/* The same of a regular file that is no archive: holes are not read, and on a file system that can, nothing is. */
int unpack_plain_file(int from, int to, const char *name, const UnpackWish *wish, UnpackResult *ret, Error **reterr);
