/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/* One condition of Ready=: what must be so before a booted machine counts as running. */

typedef enum ReadyKind {
        READY_AUTO,    /* READY_NOTIFY of an init that is known to say it (a plan then has that); else READY_LIFE, but not for ever */
        READY_NOTIFY,  /* READY=1 of PID 1's on NOTIFY_SOCKET */
        READY_EXEC,    /* its init was executed: nothing is left to wait for, and a plan leaves it out */
        READY_LIFE,    /* it has written on a terminal, or has had a child */
        READY_FILE,
        READY_PORT,
        READY_COMMAND,
        READY_CONSOLE,
        READY_DELAY,
} ReadyKind;

typedef struct ReadyCondition {
        ReadyKind kind;
        char *text;           /* as it was given */
        char *description;    /* what is waited for, as people read it: "port tcp:80" */
        char *path;           /* READY_FILE: absolute, clean, in the machine */
        int protocol;         /* READY_PORT: IPPROTO_TCP or IPPROTO_UDP */
        uint16_t port;        /* host byte order */
        char **argv;          /* READY_COMMAND */
        char *pattern;        /* READY_CONSOLE: a POSIX extended regular expression that compiles */
        uint64_t delay_usec;  /* READY_DELAY */
} ReadyCondition;

#define READY_CONDITIONS_MAX 16 /* a machine; each may be a process of its own while it is waited for */

/* How a pattern is compiled, here and where it is searched for. */
#define READY_REGEX_FLAGS (REG_EXTENDED | REG_NOSUB)

/* All that can be wrong with it, but for what depends on other settings. -EINVAL, -ERANGE or -ENOMEM. */
int ready_condition_parse(const char *text, ReadyCondition *ret, Error **reterr);
void ready_condition_done(ReadyCondition *c);
