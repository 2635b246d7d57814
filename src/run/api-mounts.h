/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* proc and sysfs for a machine, made from outside: where something is mounted over a part of the host's /proc (a
 * container that hosts machines), the kernel lets no user namespace have a fresh one. Only a process in the pid
 * namespace can make its proc, so one of ours enters it for a moment, with nothing of the guest's running there yet.
 * Sends both, as CHILD_API, over `socket`. */
int api_mounts_send(int leader, bool own_network, int socket, Error **reterr);
