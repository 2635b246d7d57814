/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "error.h"

/* Archives from anywhere, read entry by entry: tar in all its dialects, plain or compressed (gzip, xz, zstd, bzip2), or one file that
 * is compressed. libarchive, and the decompressors behind it, handle a stranger's bytes; so they run in a process of their own that has
 * the archive, a pipe, memory and nothing else (nobody.h, a filter of system calls, bounds). What comes out of the pipe is checked for its
 * form, and believed no more than the archive: paths, targets and modes are as they stand in it. */

typedef enum ArchiveFormat {
        ARCHIVE_TAR,
        ARCHIVE_SINGLE, /* not a tar: one entry, a regular file with all there is (a disk image, compressed or not); its path is "" */
} ArchiveFormat;

typedef enum EntryKind {
        ENTRY_FILE,
        ENTRY_DIRECTORY,
        ENTRY_SYMLINK,
        ENTRY_HARD_LINK, /* of the entry whose path is `target` */
        ENTRY_FIFO,
        ENTRY_SOCKET,
        ENTRY_CHAR,
        ENTRY_BLOCK,
} EntryKind;

typedef struct EntryXattr {
        const char *name;
        const void *value;
        size_t size;
} EntryXattr;

typedef struct ArchiveEntry {
        EntryKind kind;
        const char *path;   /* bytes; not checked: may be absolute, empty, have ".." */
        const char *target; /* of links; likewise */
        uint32_t mode;      /* 07777 at most */
        uint32_t uid, gid;
        uint64_t size;      /* of a file, as the archive says it; holes counted */
        struct timespec mtime;
        uint32_t device_major, device_minor;
        const EntryXattr *xattrs; /* all there are; ACLs as system.posix_acl_access and _default, in the kernel's form */
        size_t n_xattrs;
} ArchiveEntry;

/* What one entry and one archive may have; more is an error that says so. */
#define ENTRY_PATH_MAX 4095U
#define ENTRY_XATTRS_MAX 128U
#define ENTRY_XATTR_SIZE_MAX 65536U
#define ENTRY_METADATA_MAX (1U << 20)

typedef struct Archive Archive;

Archive *archive_free(Archive *a); /* the process ends with it */
static inline void archive_freep(Archive **a) {
        archive_free(*a);
}

/* Start reading from where fd (a file, a pipe, a socket) stands; it stays the caller's. `name` is for messages. What it is, is told
 * by what is in it, never by its name. */
int archive_open(int fd, const char *name, Archive **ret, ArchiveFormat *ret_format, Error **reterr);

/* The next one: 1, and it is the archive's until the next call; 0: the archive ended as it should (what is cut off is an error). Contents
 * that were not read are left out. */
int archive_next(Archive *a, const ArchiveEntry **ret, Error **reterr);

/* Contents of the file that archive_next() returned, in pieces, in order, what is between them being holes: 1, or 0 at its end. The
 * piece is the archive's until the next call. */
int archive_data(Archive *a, const void **ret, size_t *ret_size, uint64_t *ret_offset, Error **reterr);

/* How much of fd has been read, in bytes: for progress. */
uint64_t archive_consumed(const Archive *a);
