/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* A range of user ids for a machine: 65,536 of them, aligned, that no user of the host, no /etc/subuid or /etc/subgid
 * entry and no other running machine has. By the name's hash, so that it is mostly the same each time; the tree's
 * files do not depend on it, for they are mapped. Within what systemd reserves for containers (systemd's
 * UIDS-GIDS: 524288 to 1879048191). */
#define IDRANGE_SIZE 65536U

int idrange_pick(const char *machine, uid_t *ret, Error **reterr);
