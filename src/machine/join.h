/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "record.h"
#include "relay.h"

/* Running a command inside a machine, as the machine's own init would: in its leaf cgroup, all its namespaces and its
 * root, with its capability bounds, limits and score, as a user of the machine, in a session of its own, with an
 * environment built afresh and no descriptor of the host's but the three that were handed over. */

typedef enum JoinStdio {
        JOIN_STDIO, /* the three fds of JoinRequest */
        JOIN_PTY,   /* a new pty of the machine's own, which is the controlling terminal */
        JOIN_TTY,   /* a terminal that is there, by its path inside */
} JoinStdio;

typedef struct JoinRequest {
        const char *name;         /* the machine's, for messages */
        pid_t leader;
        int leader_fd;            /* pidfd of leader */
        const MachineRecord *record; /* where the caller has it; NULL: it is read */
        const char *user;         /* name or uid in the machine, NULL for root */
        char *const *argv;        /* NULL: the user's shell as a login shell; else [0] is looked up in PATH */
        char *const *environment; /* NAME=value, over what is built; may be NULL */
        const char *chdir;        /* absolute, in the machine; NULL: the user's home, or / without one */
        JoinStdio stdio;
        int fds[3];               /* JOIN_STDIO; -1 is /dev/null. Terminals of the host's are not to be handed over */
        const char *tty;          /* JOIN_TTY: "/dev/tty3" */
        const struct winsize *size; /* JOIN_PTY: of its window from the start; may be NULL */
        bool labelled;            /* the machine has an SELinux label: what fds[] are should be pipes, which get it */
        int end_signal;           /* what the command gets when the calling thread ends; 0: SIGKILL */
} JoinRequest;

typedef struct Joined {
        pid_t pid;  /* a child of the caller's */
        int pidfd;
        int pty;    /* JOIN_PTY: the master; else -1 */
} Joined;

void joined_done(Joined *j);

/* 0: it runs. 126 or 127, with an Error: the command cannot be executed, or is not there. < 0: our own failure.
 * SIGCHLD must not be ignored; the helper in between has been reaped when this returns. Root inside can freeze
 * or stop what enters: this may block for as long as the guest wants, and is not for who serves others. */
int join_start(const JoinRequest *request, Joined *ret, Error **reterr);

/* Wait for its end and reap it: 0 to 255 (128+N by signal) or -errno. While waiting, signals that are asked of us
 * (INT, TERM, HUP, QUIT, USR1, USR2) go to its process group; they must have been blocked by join_block_signals()
 * before the start. `relay` may be NULL. */
int join_wait(const Joined *j, Relay *relay, Error **reterr);

void join_block_signals(void);
