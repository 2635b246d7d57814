/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "parcel.h"

/* A tar stream instead of a tree on one of the two sides (parcel.h). */

typedef struct ParcelUntar {
        int fd;             /* read from where it stands; stays the caller's */
        const char *name;   /* of that, for messages */
        const char *target; /* the directory that gets what is in it, made where it is not there */
        uint32_t range;     /* ids from there on are none that the machine has: root's; 0: all are */
} ParcelUntar;

/* Send what is in a tar, compressed or not. It is believed no more than any archive (archive.h): "..", and links on the way to an entry,
 * are refused here and by who writes; a name that comes twice is what it was last; devices are left out. */
int parcel_untar(ParcelPipe *p, const ParcelUntar *q, Error **reterr);

/* Write what is sent as a tar (pax, as pack.h has it; sockets are left out): where it is to go (TOP) counts for nothing, each thing is at
 * the top of the archive under its own name, and "/" is what is in it. Until END; answers DONE. */
int parcel_tar(ParcelPipe *p, int fd, const char *name, Error **reterr);
