/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "binds.h"
#include "mount-table.h"

/* What has become of binds: the machine's root may unmount, move and hide what came while it ran, and the kernel alone knows. */

typedef enum BindState {
        BIND_BOUND,
        BIND_HIDDEN, /* something else stands on it */
        BIND_GONE,   /* unmounted inside */
        BIND_PENDING, /* the process that mounts it has not come back from the machine's file system */
} BindState;

const char *bind_state_to_string(BindState s);

/* Its mount, in the table of the machine's leader. NULL: it is gone, or was never there. */
const MountEntry *bind_look(const MachineBind *b, const MountTable *table);

BindState bind_state(const MachineBind *b, const MountTable *table);

/* Decide what was begun and not ended: what was never mounted, and what was unmounted, is taken off the list. */
void bind_list_settle(BindList *list, const MountTable *table);
