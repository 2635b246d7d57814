/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "archive-form.h"
#include "copy.h"

/* Archives from anywhere, read entry by entry: tar in all its dialects, plain or compressed (gzip, xz, zstd, bzip2), or one file that
 * is compressed. libarchive, and the decompressors behind it, handle a stranger's bytes; so they run in a process of their own that has
 * the archive, a pipe, memory and nothing else (nobody.h, a filter of system calls, bounds). What comes out of the pipe is checked for its
 * form, and believed no more than the archive: paths, targets and modes are as they stand in it. */

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
        uint64_t size;      /* of a file, as the archive says it; holes counted. ARCHIVE_SINGLE: 0, it is not known */
        struct timespec mtime;
        uint32_t device_major, device_minor;
        const EntryXattr *xattrs; /* all there are; ACLs as system.posix_acl_access and _default, in the kernel's form */
        size_t n_xattrs;
        uint32_t acls_left_out; /* ACLs that name their users by name only: whose number that is, is not in the archive */
} ArchiveEntry;

typedef struct Archive Archive;

Archive *archive_free(Archive *a); /* the process ends with it */
static inline void archive_freep(Archive **a) {
        archive_free(*a);
}

/* Start reading from where fd (a file, a pipe, a socket) stands; it stays the caller's. `name` is for messages. What it is, is told
 * by what is in it, never by its name; so this waits for the first bytes. -EBADMSG: what is damaged, cut off or beyond the bounds, here and
 * below; -EOPNOTSUPP: the library is missing. */
int archive_open(int fd, const char *name, Archive **ret, ArchiveFormat *ret_format, Error **reterr);

/* The same of what is to be a tar, and else an error: a layer of a container's image. Nothing but zeros is a tar without entries, as podman
 * and docker make them. After archive_next() has returned 0, archive_digest() is the SHA-256, in hexadecimal digits, of all that was
 * decompressed, to its last byte: by the process that reads, so believed no more than the rest. */
int archive_open_layer(int fd, const char *name, Archive **ret, Error **reterr);
const char *archive_digest(const Archive *a);

/* Who asks for an end while a slow stream is waited for: -ECANCELED from the two below. NULL: nobody. */
void archive_watch(Archive *a, const CopyWatch *watch);

/* The next one: 1, and it is the archive's until the next one is asked for; 0: the archive ended as it should (what is cut off is an error). Contents
 * that were not read are left out. */
int archive_next(Archive *a, const ArchiveEntry **ret, Error **reterr);

/* The one that archive_next() returned last (its contents not read yet) is returned by it once more. */
void archive_again(Archive *a);

/* Contents of the file that archive_next() returned, in pieces, in order, what is between them being holes: 1, or 0 at its end. Where
 * there is a hole at the end, the last piece is one of no bytes. The piece is the archive's until the next call. */
int archive_data(Archive *a, const void **ret, size_t *ret_size, uint64_t *ret_offset, Error **reterr);

/* Whether there was anything to decompress: who has a file that is not may copy it without this detour. */
bool archive_is_compressed(const Archive *a);

/* How much of fd has been read, in bytes: for progress. */
uint64_t archive_consumed(const Archive *a);

/* Read on what such a process writes (archive-record.h), from a file or a pipe that has it, whoever wrote it. The fd is the archive's, where there is
 * one. */
int archive_open_records(int pipe, const char *name, Archive **ret, Error **reterr);
