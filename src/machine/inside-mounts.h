/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "copy.h"
#include "error.h"

/* A process of ours that works on a machine's files as the machine sees them: in its user and mount namespaces and its root directory, as
 * its root, with no right that the machine does not have itself. The kernel then bounds what any path of the machine's can lead to, and
 * whose ids, ACLs and capabilities mean what.
 *
 * It stays outside of the machine's pid namespace and cgroup: nothing inside can see, trace, freeze or kill it. It executes nothing, is not
 * dumpable, and has no descriptor but one socket to the caller and /dev/null: no directory of the host's to leave by (CVE-2016-8649,
 * CVE-2024-21626). /proc is the machine's there, so that /proc/self leads nowhere: fd_reopen() and its like do not work in it.
 *
 * A file system of the machine's own (FUSE) may let it wait for ever, even against SIGKILL: then it is left behind (process_end()). */

typedef struct InsideRequest {
        const char *name;      /* the machine's, for messages */
        pid_t leader;
        int leader_fd;         /* pidfd of leader; -1: it does not run, and: */
        int root;              /* a directory in our own mount namespace, whose tree it is */
        uid_t uid_base;        /* whose files are root's in it; 0: root's */
        uint64_t capabilities; /* CAP_BIT() of those that it keeps, if the machine has them */
        uint64_t mount_attr;   /* MOUNT_ATTR_* to be set for it alone, on all mounts: it then sees no mount that comes later. 0: it is in
                                * the machine's own mount namespace, and what it mounts is there for all */
        int (*run)(int sock, void *userdata); /* in the process; returns its exit status. A fork: memory is the caller's of then */
        void *userdata;
} InsideRequest;

typedef struct InsideProcess {
        pid_t pid; /* a child of the caller's */
        int pidfd;
        int sock;  /* SEQPACKET, blocking; fd_send(), fd_recv() */
} InsideProcess;

/* 0: run() has begun. SIGCHLD must not be ignored. While it waits, watch's is_cancelled is asked (-ECANCELED); NULL: signals end us, and
 * that ends it. -ESRCH: the machine has ended. */
int inside_mounts_start(const InsideRequest *request, const CopyWatch *watch, InsideProcess *ret, Error **reterr);

/* Ends it if it still runs, and reaps it: as process_end(). */
int inside_mounts_end(InsideProcess *p);
static inline void inside_mounts_done(InsideProcess *p) {
        (void) inside_mounts_end(p);
}
#define INSIDE_PROCESS_NONE ((InsideProcess){ .pidfd = -1, .sock = -1 })
