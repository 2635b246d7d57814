/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "repair.h"
#include "survey.h"

/* What the files of a repair (repair.c, repair-ipv6.c) share. */

/* A new fault, its text as printf(3) has it; NULL on out of memory. */
NetworkFault *fault_add(NetworkState *s, const char *zone, const char *machine, const char *fmt, ...) _printf_(4, 5);

/* Say what could not be mended, where r < 0. */
void mend_warn(const char *what, int r, const Error *e);

int look_at_ipv6(const Survey *s, NetworkState *ret, Error **reterr);

/* After the rules and the bridges. */
void mend_ipv6(const Survey *s);
