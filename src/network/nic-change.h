/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"
#include "nic-take.h"

/* Interfaces of a machine that runs: one more, or one less, all or nothing. It has them in its next life, too, when it reboots. */

typedef struct NicChange {
        const char *machine; /* valid; it runs, in a network namespace of its own */
        int netns;           /* that, as an fd */
        bool keep_address;   /* as in NetworkRequest */
} NicChange;

/* `config` gets its name inside. *ret_service: its zone has a service, which the caller has to have run. -EEXIST: there is one of that
 * name; -EBUSY: another machine has the interface; and all that a start says of the kind. */
int network_add_nic(const NicChange *change, NicConfig *config, bool *ret_service, Error **reterr);

/* By its name inside. -ENOENT: the machine has no such interface from nbox; -EBUSY: published ports lead to it. *ret: what it was, with
 * kind and zone or link. */
int network_remove_nic(const NicChange *change, const char *name, NicConfig *ret, Error **reterr);

/* What a change that was killed has left of a machine that runs is taken away: for the sweep, with the lock held. */
int nic_change_recover(const NicTaking *t, Error **reterr);
