/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "binds.h"
#include "error.h"
#include "machine.h"
#include "supervisor.h"

/* Files and directories of the host's that a running machine gets and loses. All or nothing, wherever we are killed. */

typedef struct LiveBind {
        const char *source;      /* of the host's, absolute */
        const char *destination; /* in the machine, clean */
        bool read_only;
        bool recursive;
        bool make;               /* a place that is not there */
        int idmap;               /* as BindMount.idmap; -1: the same ids where its file system can, or else none */
} LiveBind;

/* *ret_unmapped: it was to be the same ids, and its file system cannot. -EEXIST and -ENOENT for what the machine has or lacks. */
int live_bind_add(const Machine *m, const LiveBind *bind, bool *ret_unmapped, Error **reterr);

/* The last one that came to that place. 1: root inside had taken it away before. -ENOENT: there is none, -EBUSY: something else stands on
 * it, -EOPNOTSUPP: it is one of the start, and stays. */
int live_bind_remove(const Machine *m, const char *destination, Error **reterr);

/* What the life before had, for a machine whose init is about to be started. What cannot be had any more is said, and forgotten. */
int live_binds_again(Supervisor *s, Error **reterr);
