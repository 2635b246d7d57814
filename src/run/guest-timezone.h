/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "machine-plan.h"

/* The host's zone as the tree can name it ("Europe/Berlin"), the caller's, or NULL: the host has none, or the tree lacks
 * its zone file. */
char *guest_timezone_name(int root);

/* /etc/localtime by --timezone= (systemd-nspawn(1)). Called with the guest root's file-system ids. */
int guest_timezone_write(const MachinePlan *p, int root, Error **reterr);
