/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "parcel.h"

/* A tree of files, sent (parcel.h). Whoever owns it may change it meanwhile: nothing but regular files and directories is opened, without
 * waiting and without following anything, and what an fd says that it is, is what is sent; what vanishes is left out. The caller's mounts
 * let no device be opened (MOUNT_ATTR_NODEV), for what is there may be exchanged between a look and an open.
 *
 * What is mounted in it belongs to it, but for the kernel's own file systems (proc, sysfs, …), which are left out when they are met on the
 * way. Their files, when asked for, are read here to their end, since they do not know their sizes. Devices are left out. */

typedef struct ParcelRead {
        const char *path;     /* what; of a link itself */
        const char *target;   /* where to, as of PARCEL_TOP */
        unsigned flags;       /* PARCEL_INSIDE */
        bool is_guest;        /* a machine's paths: no magic link in /proc is followed */
        /* ids base..base+range are the machine's 0..range, and so are those below range; others are nobody's there, and become root's.
         * range 0: ids are as they are */
        uid_t base;
        uint32_t range;
} ParcelRead;

int parcel_read(ParcelPipe *p, const ParcelRead *q, Error **reterr);
