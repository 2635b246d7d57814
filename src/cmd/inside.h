/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "join.h"
#include "machine.h"

/* What exec, shell, login and passwd have in common: a command inside, on a terminal or on our own three descriptors. */

/* machine_open_to_enter() for a verb that will run something inside. Where the machine's root is the host's, it also sees to it that
 * we run from a sealed copy of ourselves (seal.h), which begins main() again: so nothing is to be done before it that
 * cannot be done twice. */
int inside_open(const char *name, Machine **ret, Error **reterr);

void inside_request(const Machine *m, JoinRequest *ret);

/* On a new terminal of the machine's, ours attached to it. Returns the exit status, or -errno. */
int inside_on_terminal(JoinRequest *request, Error **reterr);

/* With our stdin, stdout and stderr. */
int inside_on_stdio(JoinRequest *request, Error **reterr);
