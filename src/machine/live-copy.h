/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "copy.h"
#include "store.h"

/* What a running machine has now as a layer that nobody writes to. A subvolume of btrfs is snapshot as it runs; else the machine is held
 * still (freeze.h) for as long as its writable layer, or its whole tree where it does not stand on layers, is copied; with reflinks that
 * takes moments. What its processes hold in memory and have not written is not in it, as after a power failure. */

/* The machine of nbox's that runs in an image and writes to it: 1 and its name, the caller's; 0: there is none. */
int live_writer(const Image *image, char **ret_machine, Error **reterr);

typedef struct LiveCopy {
        const char *machine;
        const Store *store;
        const Image *image;
        const Layer *own;   /* of an ephemeral machine: what it writes to, in that store; */
        const char *base;   /* and what stands below that */
        const CopyWatch *watch; /* or NULL */
} LiveCopy;

/* How much will be read, as of layer_copy_size(). */
int live_copy_size(const LiveCopy *q, uint64_t *ret_bytes, uint64_t *ret_files);

/* A new layer, held and on disk. Whatever comes of it, the machine runs when it returns. */
int live_copy(const LiveCopy *q, Layer **ret, Error **reterr);

/* For who reads by himself: the machine is held still from live_hold() to live_let_go(), as long as is_cancelled() of keep.watch is asked
 * now and then. After -ETIMEDOUT what was read is not of one moment. live_hold_done() lets it go in any case. */
typedef struct LiveHold {
        struct MachineFreeze *freeze;
        const CopyWatch *watch; /* the caller's, or NULL */
        CopyWatch keep;         /* in its place, meanwhile */
        bool lost;              /* it went on before we were done */
} LiveHold;

int live_hold(LiveHold *h, const char *machine, const CopyWatch *watch, Error **reterr);
int live_let_go(LiveHold *h, Error **reterr);
void live_hold_done(LiveHold *h);
