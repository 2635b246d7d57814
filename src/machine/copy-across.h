/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "inside-mounts.h"
#include "parcel.h"

/* Files between the host and a machine: two processes, one that sees the machine's files only (inside-mounts.h), one that has the host's
 * only to do with, and a socket between them (parcel.h). Both can be ended whatever they wait for, as a file system of the machine's that
 * does not answer; so we wait for them here, and can be interrupted. */

typedef int (*CopyPart)(ParcelPipe *p, void *userdata, Error **reterr);

typedef struct CopyAcross {
        InsideRequest inside;  /* name, and whose files; the rest is ours */
        CopyPart part_inside, part_on_host;
        bool is_read_inside;   /* nothing is written there, which its mounts then see to */
        void *userdata;        /* of both parts, which run in copies of this process */
} CopyAcross;

/* Until both are done. -ESRCH: the machine has ended meanwhile. -ECANCELED: is_cancelled of the watch said so. The writer has removed what
 * was not whole, unless it did not answer in time and was killed. */
int copy_across(const CopyAcross *q, const CopyWatch *watch, ParcelTally *ret, Error **reterr);
