/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "oci-spec.h"

/* A pty of the container's own devpts, for the calling process and what it will execute: its standard input, output and error, and the
 * controlling terminal of its session; of init (`console`), /dev/console, too. *ret_master goes to whoever the engine has listen. */
int oci_terminal_open(const OciProcess *p, bool console, int *ret_master, Error **reterr);

/* --console-socket: connected before anything is made; and the master over it. */
int oci_terminal_connect(const char *path, Error **reterr);
int oci_terminal_send(int socket, int master, Error **reterr);
