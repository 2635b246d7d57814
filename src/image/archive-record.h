/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "archive-form.h"
#include "digest.h"

/* What the process that reads an archive (archive-child.c) writes into its pipe, and archive.c reads: records, each a head and `size` bytes. The
 * form is ours and of one build, so numbers are as they are in memory. Only what it *says* comes from strangers, but all of it may: also that the
 * process is no longer ours. */

typedef enum RecordType {
        RECORD_BEGIN, /* first: RecordBegin */
        RECORD_ENTRY, /* RecordEntry; path and target, each with its NUL; for each attribute RecordXattr, name with its NUL, value */
        RECORD_DATA,  /* the offset (uint64_t), and the bytes: of the file whose entry came last */
        RECORD_END,   /* last: the archive is whole; of a layer, RecordEnd */
        RECORD_FAIL,  /* last: RecordFail, and text for people, with its NUL */
} RecordType;

typedef struct RecordHead {
        uint32_t type, size;
        uint64_t consumed; /* bytes of the archive so far */
} RecordHead;

typedef struct RecordBegin {
        uint32_t format, compressed;
} RecordBegin;

typedef struct RecordEntry {
        uint32_t kind, mode, uid, gid;
        uint64_t size;
        int64_t seconds;
        uint32_t nanoseconds, device_major, device_minor, acls_left_out;
        uint32_t path_size, target_size, n_xattrs, padding; /* sizes with the NUL; target_size 0: none */
} RecordEntry;

typedef struct RecordXattr {
        uint32_t name_size, value_size;
} RecordXattr;

typedef struct RecordEnd {
        char digest[DIGEST_HEX_SIZE];
} RecordEnd;

typedef enum Failure {
        FAIL_SYSTEM,     /* `error`: reading the archive, or getting ready */
        FAIL_LIBRARY,    /* not there: libarchive, or libgcrypt */
        FAIL_DAMAGED,    /* what libarchive says of it */
        FAIL_EMPTY,
        FAIL_NO_TAR,     /* what is to be one */
        FAIL_CUT,        /* a tar without the mark of its end */
        FAIL_TRAILING,   /* more behind its end than padding */
        FAIL_PATH,       /* these are of one entry, which the text names */
        FAIL_XATTRS,
        FAIL_METADATA,
        FAIL_OWNER,
        FAIL_SIZE,
        FAIL_KIND,
        _FAILURES,
} Failure;

typedef struct RecordFail {
        uint32_t failure;
        int32_t error; /* errno, or 0 */
} RecordFail;

#define RECORD_TEXT_MAX 256U      /* with its NUL */
#define RECORD_PIECE_MAX (1U << 20) /* bytes of contents in one record */
#define RECORD_ENTRY_MAX ((uint32_t) (sizeof(RecordEntry) + 2 * (ENTRY_PATH_MAX + 1) + ENTRY_METADATA_MAX))
