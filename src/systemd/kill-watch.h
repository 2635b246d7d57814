/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "event-loop.h"

/* What others tell a machine's init by way of systemd-machined: `machinectl poweroff`, `machinectl reboot`, `machinectl kill
 * --kill-whom=leader`. */

typedef struct KillWatch KillWatch;

/* Call `cb` each time systemd-machined has sent a signal to the leader of `machine`, after it has. Returns at once; what is not to be had
 * later on (no bus, or none that lets itself be watched) costs a line for debugging. 0 or -errno. */
int kill_watch_new(EventLoop *event, const char *machine, void (*cb)(int sig, void *userdata), void *userdata, KillWatch **ret, Error **reterr);
KillWatch *kill_watch_free(KillWatch *w); /* returns NULL */
