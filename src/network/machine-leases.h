/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* The addresses that zones keep for a machine that does not run, in all zones. Idempotent; each zone's file is replaced atomically. */

/* They are `to`'s from now on; what was kept for that is given up in the zones where `from` has addresses. */
int machine_leases_rename(const char *from, const char *to, Error **reterr);

int machine_leases_forget(const char *machine, Error **reterr);

/* "lab:10.83.12.17" of each, zones in order; *ret is the caller's. Needs no lock. */
int machine_leases_list(const char *machine, char ***ret, Error **reterr);
