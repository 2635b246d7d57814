/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "machine.h"

/* The processes of a machine, by its cgroup; by the init alone where the host has no unified hierarchy. */

typedef struct GuestProcess {
        char *group;   /* its cgroup, relative to the machine's: "" or "system.slice/ssh.service"; as the guest named it */
        pid_t pid;     /* the host's */
        pid_t parent;  /* likewise; 0 where it is none that could be told */
        char *command; /* its command line, blanks between the words, at most 256 bytes; "[name]" where it has none */
} GuestProcess;

typedef struct GuestProcesses {
        GuestProcess *items; /* a group's processes stand together, groups in depth-first order */
        size_t n;
} GuestProcesses;

void guest_processes_done(GuestProcesses *p);

/* At most 4096 are read. Those that end meanwhile are left out. */
int guest_processes_read(const Machine *m, GuestProcesses *ret, Error **reterr);

typedef enum KillWhom {
        KILL_LEADER,
        KILL_ALL,
} KillWhom;

/* Send a signal; to all, in no order, what is started meanwhile may be spared. */
int machine_kill(const Machine *m, KillWhom whom, int sig, Error **reterr);
