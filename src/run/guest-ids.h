/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/fsuid.h>
#include <sys/types.h>

/* Touching the tree as the guest's root would: between assume and drop, this thread's file-system ids are those of
 * root inside, and with them go CAP_DAC_OVERRIDE, CAP_CHOWN, CAP_MKNOD and their kin (capabilities(7), "Effect of user ID
 * changes"). On an idmapped mount, files made like this belong to root in the tree; as host root they could not be made. */
typedef struct GuestIds {
        uid_t uid;
} GuestIds;

static inline GuestIds guest_ids_assume(uid_t base) {
        if (base != 0) {
                (void) setfsgid(base);
                (void) setfsuid(base);
        }
        return (GuestIds){ .uid = base };
}

static inline void guest_ids_drop(const GuestIds *ids) {
        if (ids->uid != 0) {
                (void) setfsuid(0);
                (void) setfsgid(0);
        }
}
