/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>

#include "address.h"
#include "config.h"
#include "record.h"

/* A machine's interfaces as they stand in its record, one line each: words KEY=value, to which newer versions may add. */

typedef struct RecordNic {
        char name[IF_NAMESIZE];       /* inside: "host0" */
        char kind[16];                /* as in --network=: "zone", "veth", …; never "" */
        char zone[ZONE_NAME_MAX + 1]; /* or "" */
        char link[LINK_NAME_MAX + 1]; /* of the host: the bridge, the link below, the link that was given; or "" */
        char address[ADDRESS_TEXT_MAX]; /* "10.1.0.7"; "": we gave it none */
        char address6[IP_TEXT_MAX];     /* likewise */
        char mac[MAC_TEXT_MAX];
        char interface[IF_NAMESIZE];  /* the host's end, or "" */
} RecordNic;

/* The caller's; NULL on out of memory. */
char *record_nic_format(const RecordNic *nic);

/* The record's interface number i; what it does not say is "". False behind the last: also that of an older nbox, which wrote of one
 * only. */
bool record_nic(const MachineRecord *r, size_t i, RecordNic *ret);
