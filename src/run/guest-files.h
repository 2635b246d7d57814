/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>

#include "error.h"
#include "machine-plan.h"

/* A .network file of systemd-networkd's for one interface. */
typedef struct GuestNetworkFile {
        char name[IF_NAMESIZE]; /* of the interface */
        char *text;
} GuestNetworkFile;

/* What only the supervisor knows by now, for a machine with a network of its own. Strings are the owner's. */
typedef struct GuestFiles {
        char *resolv_conf;    /* contents for a machine with a network of its own, or NULL */
        GuestNetworkFile networks[NICS_MAX];
        size_t n_networks;
        int credentials;       /* credential-store.h, where the plan has any; the caller's */
        char *resolved_config; /* a systemd-resolved drop-in, or NULL */
} GuestFiles;

/* The files that a machine finds about its host (systemd's container interface: /run/host/…), and those that make its
 * names and its clock right: resolv.conf, localtime, and hints for a systemd-networkd or -resolved inside. What the tree
 * keeps is only changed where the plan says so; a failure to do that is warned about, not fatal. */
int guest_files_write(const MachinePlan *p, int root, const GuestFiles *files, int *ret_notify, Error **reterr);
