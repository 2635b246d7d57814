/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "unpack.h"
#include "unpack-place.h"
#include "unpack-room.h"

/* Between unpack.c, unpack-file.c, unpack-link.c and unpack-attributes.c. */

typedef struct UnpackJob {
        Archive *archive;       /* or NULL, and */
        uint64_t read;          /* bytes, of what is read instead */
        const UnpackWish *wish;
        UnpackResult done;
        UnpackRoom room;
        UnpackPlace place;
        unsigned since_watch;   /* entries since somebody was asked whether to go on */
        uint64_t bytes_watched; /* done.bytes then */
        bool is_top_listed;
} UnpackJob;

/* What has come so far, to whom it is shown. -ECANCELED. */
int unpack_watch(UnpackJob *j, Error **reterr);

/* An entry's file that cannot be made for a reason that is not its fault. */
int unpack_failed(const char *path, int r, Error **reterr);

/* The contents of the entry at hand, and the empty file that gets them. */
typedef struct Contents {
        int to;
        const char *path; /* for messages */
        uint64_t size;    /* at least */
        bool find_holes;  /* also where the archive says zeros */
} Contents;

int unpack_contents(UnpackJob *j, const Contents *c, Error **reterr);

/* How a file was made, beside what its entry says. */
typedef struct Made {
        const UnpackLevel *in;
        const char *name;
        int fd;       /* open; -1: only the name is there (not a regular file, not a directory) */
        bool existed; /* it has had other attributes: a directory that came before */
} Made;

/* Owner, attributes, mode; and the time of what is not a directory. */
int unpack_attributes(UnpackJob *j, const ArchiveEntry *e, const Made *m, Error **reterr);

/* A path without the prefix of the wish; NULL: it is not beneath it. */
const char *unpack_beneath_prefix(const UnpackJob *j, const char *path);

/* The entry at hand, in whose directory we are. */
int unpack_hard_link(UnpackJob *j, const ArchiveEntry *e, Error **reterr);
