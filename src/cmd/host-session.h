/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machined.h"

/* A session by systemd-machined, on the terminal that it opens, until it ends: on the host itself (".host"), where `login` and `shell` have no
 * machine's name, and in machines of others. Its exit status nobody knows: 0, or -errno where there is none. */

int host_session_shell(const MachinedShell *q, Error **reterr);
int host_session_login(const char *name, Error **reterr);

/* Whether a word in place of a machine's name means the host: NULL, "" or ".host". */
bool names_host(const char *word);
