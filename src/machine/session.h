/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "join.h"
#include "strv.h"

/* A shell in a guest with systemd-logind is to be a session of its: with XDG_RUNTIME_DIR, a user manager, and an entry in
 * loginctl. PAM makes it, and the guest's own runuser(1) asks PAM; it keeps the three descriptors and the exit status. */

/* Where logind runs in the machine: 1, and in *ret_argv what to execute as root instead of request's command, with its user,
 * directory and environment worked in. 0: there is none; the request is to be used as it is. *ret_argv is the caller's. */
int session_command(const JoinRequest *request, char ***ret_argv, Error **reterr);
