/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"
#include "machine.h"

/* Interfaces that a running machine gets and loses (nic-change.h), with what runs on the host for them: a zone's service, and what gives
 * back an interface of the host's when the machine has ended. */

/* `config` gets the name inside. -EOPNOTSUPP: its network is not its own. */
int live_nic_add(const Machine *m, NicConfig *config, Error **reterr);

/* By its name inside. */
int live_nic_remove(const Machine *m, const char *name, Error **reterr);
