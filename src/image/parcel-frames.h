/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "parcel.h"

/* Parcels (parcel.h) as a stream of bytes, for copies to and from machines of another host: each as it is in a message, files with their
 * contents behind them in place of an fd. Both ends are of one byte order and one version of this form, which the begin of the stream
 * says; what does not fit is refused. Either end may be hostile to the other: what comes is checked as every parcel is, and where it goes to is
 * said by who receives. */

typedef struct ParcelFrames {
        int fd;               /* read from where it stands, or written to; stays the caller's */
        const char *name;     /* of that, for messages */
        /* reading: */
        const char *target;   /* what TOP says instead of what it says, */
        unsigned flags;       /* and likewise (PARCEL_INSIDE) */
        char *const *names;   /* what each entry at the top is to be called, in their order; NULL: anything */
        uid_t base;           /* ids, as of ParcelRead; range 0: as they are */
        uint32_t range;
} ParcelFrames;

/* Write what is sent as frames, until END; answers DONE. */
int parcel_frames_write(ParcelPipe *p, const ParcelFrames *q, Error **reterr);

/* Send what was written so, its END too, and wait for the answer. */
int parcel_frames_read(ParcelPipe *p, const ParcelFrames *q, Error **reterr);
