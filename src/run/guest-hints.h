/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "guest-files.h"
#include "network.h"
#include "supervisor.h"

/* What the machine is told of the network that it was given. */

/* Keep what the record and the hints need of a lease. */
int guest_hints_take_lease(Supervisor *s, const NetworkLease *lease, Error **reterr);

int guest_hints_make(const Supervisor *s, GuestFiles *ret, Error **reterr);
void guest_files_done(GuestFiles *f);
