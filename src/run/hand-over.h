/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "supervisor.h"

/* The machine's tree is built (assemble.h) and given to the child, and behind it, where they can come later, its /proc and /sys. */
int hand_over_tree(Supervisor *s, int socket, Error **reterr);
