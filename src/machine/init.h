/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "guest.h"

/* Which init a machine has, and what it wants to be told. Every init has its own signals, and one's power-off is another's
 * reboot: so it is decided by looking at the process, not by a distribution's name. */

typedef enum InitAction {
        INIT_POWEROFF,
        INIT_HALT,
        INIT_REBOOT,
        INIT_KILL, /* at once, without asking */
} InitAction;

const char *init_action_to_string(InitAction action);
int init_action_from_string(const char *s, InitAction *ret); /* 0 or -EINVAL */

typedef enum InitKind {
        INIT_OTHER, /* nothing is known of its signals: its own programs are asked */
        INIT_SYSTEMD,
        INIT_BUSYBOX,
        INIT_OPENRC,
        INIT_SYSVINIT,
} InitKind;

const char *init_kind_to_string(InitKind kind);

/* By the link /proc/PID/exe, the process's argv[0] and its name; for tests too. Any may be NULL. */
InitKind init_kind_of(const char *exe, const char *argv0);
InitKind init_identify(const Guest *g);

/* The signal that makes this kind do it; 0: there is none. */
int init_signal(InitKind kind, InitAction action);

/* Whether init would act on the signal just now: it has a handler, or holds it back to read it later, or waits for it in
 * rt_sigtimedwait(2). Before that it is lost. */
bool init_can_take(const Guest *g, int sig);

/* The program of the guest's own that does it: try (NULL ends) 0, 1, …, each a NULL-terminated argv. */
char *const *init_program(InitAction action, unsigned attempt);
