/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guest-user.h"
#include "guest.h"
#include "task-label.h"
#include "vfork.h"

/* join.c's other half: what the two forked processes do. They are forks of one thread; all memory that they need has
 * been made before, nothing of the machine is trusted, and no library is loaded once the root is the machine's. */

typedef enum JoinStage {
        JOIN_STARTED, /* no failure: value is the pid of the command */
        JOIN_LABEL,
        JOIN_SETNS,
        JOIN_ROOT,
        JOIN_FORK,
        JOIN_SESSION,
        JOIN_PRIVILEGES,
        JOIN_IDS,
        JOIN_CHDIR,
        JOIN_EXEC,
} JoinStage;

typedef struct JoinMessage {
        JoinStage stage;
        int value; /* pid, or errno */
} JoinMessage;

/* In memory that caller, joiner and command have in common. */
typedef struct JoinShared {
        VforkStack stacks[2]; /* the command's and the joiner's */
        pid_t command;        /* 0: it was not begun */
        JoinMessage failure;  /* JOIN_STARTED: none */
} JoinShared;

typedef struct JoinPlan {
        const Guest *guest;
        bool own_users;     /* the machine was given a user namespace: nothing in it is a user of the host's */
        const GuestUser *user;
        TaskLabels labels;  /* the machine's own */
        const char *file;   /* to execute, searched for in PATH when it has no '/' */
        char *const *argv;
        char **environment;
        const char *chdir;  /* must be there; NULL: the user's home or / */
        int fds[3];         /* become 0, 1, 2 */
        bool terminal;      /* fds[0] is to be the controlling terminal */
        int end_signal;     /* when the caller's thread ends */
        int sock;           /* SEQPACKET to the caller: JoinMessages out, one byte to go on in; with `shared`, a pipe's end that the caller has
                             * the other one of */
        JoinShared *shared; /* or NULL: the joiner is a fork */
} JoinPlan;

_Noreturn void join_child(JoinPlan *plan);

/* The same in memory that is shared; `plan` is a JoinPlan. */
int join_child_shared(void *plan);
