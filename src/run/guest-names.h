/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "guest-files.h"
#include "machine-plan.h"

/* How the machine resolves names: its resolv.conf by --resolv-conf=, and for a systemd-networkd or -resolved inside the same
 * address and servers in their own words, under the tmpfs /run, so that they do not take away what was set from outside.
 * Called with the guest root's file-system ids. */
int guest_names_write(const MachinePlan *p, int root, const GuestFiles *files, Error **reterr);
