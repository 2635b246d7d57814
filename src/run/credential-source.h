/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"
#include "secret.h"

/* The value of one credential, from where it is said to be; *ret is the caller's. What is read is bounded in size, and what could keep
 * its reader waiting (a FIFO, a socket, a device) in time. */
int credential_read(const Credential *c, Secret *ret, Error **reterr);

/* What systemd-creds(1) of the host makes of an encrypted one: it knows the host's key and its TPM. The ID is compared with the one it was
 * encrypted for. */
int credential_decrypt(const char *id, const Secret *encrypted, Secret *ret, Error **reterr);
