/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Headers of tar's members, as pax has them (POSIX.1-2008, pax, "ustar Interchange Format" and "pax Header Block"): what fits into an old
 * ustar header stands there alone, so that the smallest tar reads it, and what does not is in records before it. Nothing but what is given
 * goes in, in an order of its own: the same member has the same bytes.
 *
 * By hand, since libarchive (3.6), which writes tar as well, takes names for text of the process's locale, loses nanoseconds where nothing
 * else needs a record, and cannot say what attributes with '=' in their names are to GNU tar; it compresses (pack-out.h). */

#define TAR_BLOCK 512U

typedef enum TarType {
        TAR_FILE = '0',
        TAR_HARD_LINK = '1',
        TAR_SYMLINK = '2',
        TAR_CHAR = '3',
        TAR_BLOCK_DEVICE = '4',
        TAR_DIRECTORY = '5',
        TAR_FIFO = '6',
} TarType;

typedef struct TarMember {
        TarType type;
        const char *path;   /* bytes; of a directory with the slash at its end */
        const char *target; /* of links; or NULL */
        uint32_t mode;      /* 07777 at most */
        uint32_t uid, gid;
        uint64_t size;      /* of the contents that follow in the archive */
        struct timespec mtime;
        uint32_t major, minor;
} TarMember;

typedef struct TarBytes {
        uint8_t *data;
        size_t n, size;
} TarBytes;

void tar_bytes_done(TarBytes *b);
int tar_bytes_add(TarBytes *b, const void *data, size_t n); /* 0 or -ENOMEM, as all here */

/* One record more for a member. */
int tar_record(TarBytes *records, const char *key, const void *value, size_t size);

/* All that stands before the contents, appended to b. Records that the member needs are added to those given. */
int tar_header(TarBytes *b, const TarMember *m, TarBytes *records);
