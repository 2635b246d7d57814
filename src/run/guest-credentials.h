/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"
#include "machine-plan.h"

/* A machine's credentials, from what was asked for to the files of its /run/host/credentials. */

#define GUEST_CREDENTIALS "/run/host/credentials" /* $CREDENTIALS_DIRECTORY inside */

/* Read all that c names, once, into a new store (credential-store.h), whose fd is returned; what c and the command line hold of
 * the values is overwritten. root is the path of the machine's tree. */
int credentials_gather(MachineConfig *c, const char *root, Error **reterr);

/* For people, one string each: its ID, and where it is from or how long it is. *ret is the caller's, NULL for none. */
int credentials_describe(const CredentialList *list, char ***ret);

/* The store that the caller of our service has handed us as standard input, which becomes /dev/null: an fd. */
int credentials_receive(Error **reterr);

/* Mount them at `credentials` in dir, the machine's /run/host while it is being made. */
int guest_credentials_mount(const MachinePlan *p, int store, int dir, Error **reterr);
