/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "join.h"
#include "machine.h"

/* What exec, shell, login and passwd have in common: a command inside, on a terminal or on our own three descriptors. */

void inside_request(const Machine *m, JoinRequest *ret);

/* On a new terminal of the machine's, ours attached to it. Returns the exit status, or -errno. */
int inside_on_terminal(JoinRequest *request, Error **reterr);

/* With our stdin, stdout and stderr. */
int inside_on_stdio(JoinRequest *request, Error **reterr);
