/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "archive-form.h"
#include "copy.h"
#include "error.h"

/* Files that go from one process to another which cannot see the same tree: one is in a machine, one on the host. Who reads walks its tree
 * and sends what it finds, in the order of the walk: names, attributes, and of a regular file an fd of it, open for reading, so that who
 * writes has the kernel copy its contents (or share its blocks). No fd of a directory ever goes over.
 *
 * Neither believes the other more than a file: what comes is checked for its form, a name is one component, an fd is a regular file's, and
 * depth, sizes and attributes are bounded.
 *
 * A stream is, for each thing that is copied: TOP, its one entry, TOP_END; then END. An entry is a file, a link …, or DIRECTORY, entries,
 * LEAVE. XATTRs come before the entry that they belong to. At the end, or when it fails, who writes answers with DONE or FAIL. */

typedef enum ParcelKind {
        PARCEL_TOP = 1,   /* name: where it is to go, a whole path; PARCEL_INSIDE */
        PARCEL_TOP_END,
        PARCEL_XATTR,     /* name, bytes */
        PARCEL_DIRECTORY, /* PARCEL_IMPLIED: its attributes are not known, and are made up if it is not there */
        PARCEL_LEAVE,
        PARCEL_FILE,      /* with an fd; or DATAs (offset in size, bytes; in order, holes between them) and FILE_END follow */
        PARCEL_DATA,
        PARCEL_FILE_END,
        PARCEL_SYMLINK,   /* bytes: its target, with NUL */
        PARCEL_FIFO,
        PARCEL_SOCKET,
        PARCEL_HARD_LINK, /* bytes: the path of another entry of this TOP, as seen from it, with NUL; "" components are not in it */
        PARCEL_END,
        PARCEL_DONE,
        PARCEL_FAIL,      /* name: what went wrong, bytes: the hint or none; error */
        _PARCEL_KINDS,
} ParcelKind;

enum {
        PARCEL_INSIDE = 1 << 0,  /* TOP: `name` is a directory that is to get the entry under its own name */
        PARCEL_IMPLIED = 1 << 1,
        PARCEL_SPARSE = 1 << 2,  /* FILE: it has holes */
};

#define PARCEL_BYTES_MAX (1U << 16) /* of a DATA, an attribute, a path */
#define PARCEL_XATTRS_MAX (1U << 20) /* of one file, all together */
#define PARCEL_DEPTH_MAX 250        /* as deep as copy.h copies, and remove.h can remove */

typedef struct ParcelHead {
        uint32_t kind, flags, mode, uid, gid; /* ids as they are inside of the machine */
        int32_t error;
        uint64_t size;
        int64_t atime_sec, mtime_sec;
        uint32_t atime_nsec, mtime_nsec;
        uint32_t name_size, bytes_size; /* what follows; name with its NUL, 0: none */
} ParcelHead;

typedef struct Parcel {
        ParcelHead head;
        const char *name;  /* "" where there is none */
        const void *bytes;
        int fd;            /* -1: none. Of a received one: the receiver's until the next */
} Parcel;

/* In memory that both and their parent share: counted by whoever writes, for what is shown meanwhile and said at the end. A count that lies
 * lies to a reader of messages. */
typedef struct ParcelTally {
        volatile bool is_cancelled; /* the parent's: end, and leave nothing */
        CopyProgress done;
        uint64_t devices;    /* left out */
        uint64_t sockets;    /* left out of an archive */
        uint64_t mounts;     /* of the kernel's own file systems: left out */
        uint64_t strangers;  /* owners that the machine does not have: root's now */
        uint64_t privileges; /* files that have lost set-user-ID, set-group-ID, capabilities */
        uint64_t attributes; /* that could not be set */
        uint64_t owners;     /* likewise */
        uint64_t kept;       /* files that were there, and stay */
        uint64_t unreadable; /* of the kernel's own: left out */
        uint64_t changed;    /* files that got shorter, or others', while they were read */
} ParcelTally;

typedef struct ParcelPipe {
        int sock;            /* SEQPACKET, blocking */
        ParcelTally *tally;
        uint8_t *buffer;
        int held;            /* fd of the last parcel; -1 */
} ParcelPipe;

int parcel_pipe_init(ParcelPipe *p, int sock, ParcelTally *tally, Error **reterr);
void parcel_pipe_done(ParcelPipe *p); /* the socket stays the caller's */

/* -EPIPE: the other one has ended, or failed: parcel_failure(). -ECANCELED. */
int parcel_send(ParcelPipe *p, const Parcel *parcel, Error **reterr);

/* One whose form is right; what it points to lives until the next call. FAIL comes as an error. */
int parcel_receive(ParcelPipe *p, Parcel *ret, Error **reterr);

/* Tell the other one why; best effort. */
void parcel_send_failure(ParcelPipe *p, int r, const Error *error);

/* A name that is one component. */
bool parcel_name_is_valid(const char *name);
