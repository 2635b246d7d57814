/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Mounts of the host's into a machine that runs, and out of it.
 *
 * Root inside is hostile: it swaps links under our feet, stands file systems of its own in the way (FUSE) that never answer, and keeps a
 * directory locked for as long as it likes. So whatever waits for the machine's file systems is a process of its own, outside of the
 * machine's cgroup (who freezes the machine does not freeze it) and of its pid namespace (nothing inside sees it), not dumpable, that ends
 * with us; we wait for it with a time limit, and where the kernel does not let it end we leave it. What one finds, the place, another mounts
 * on by descriptor: no path is resolved twice.
 *
 * None of this is for who serves others: it may take BIND_WAIT_USEC. */

#define BIND_WAIT_USEC (20 * UINT64_C(1000000))

/* A machine, to be entered. Everything is opened beneath its leader's /proc directory, and the leader lives then. */
typedef struct BindInside {
        const char *name;   /* for messages; not owned, as leader_fd */
        int leader_fd;
        int proc, root;
        int mounts;         /* its mount namespace */
        int users;          /* its user namespace; -1: that is ours */
} BindInside;

#define BIND_INSIDE_NONE (BindInside){ .leader_fd = -1, .proc = -1, .root = -1, .mounts = -1, .users = -1 }

int bind_inside_open(BindInside *in, const char *name, pid_t leader, int leader_fd, Error **reterr);
void bind_inside_done(BindInside *in);

/* A place for a mount, found as the machine's root would find it and below its root. An O_PATH fd. `make`: what is missing is made, by
 * and for root inside: directories, and a file where no directory is wanted. -ENOENT, -ENOTDIR, -EISDIR; -ETIMEDOUT: the machine keeps us
 * waiting. */
typedef struct BindPlace {
        const char *path;
        bool directory, make;
} BindPlace;
int bind_inside_find(const BindInside *in, const BindPlace *place, Error **reterr);

/* Put a detached mount on a place, with all that is mounted in it. What stands read-only or hidden in it stays so, whatever root inside
 * does, where that is not root of the host; it can be unmounted as a whole. Before it is attached, `about` hears the id that it will have in
 * mountinfo and the process that attaches it; < 0 from that ends it. */
typedef struct BindMounting {
        int mount, place;
        int (*about)(uint64_t id, pid_t helper, void *userdata, Error **reterr);
        void *userdata;
} BindMounting;
int bind_inside_mount(const BindInside *in, const BindMounting *m, Error **reterr);

/* Unmount the mount that this O_PATH fd is the root of, with what stands in it, however busy. -EINVAL: it is one of those that the machine
 * began with, which its kernel has locked. */
int bind_inside_unmount(const BindInside *in, int fd, Error **reterr);
