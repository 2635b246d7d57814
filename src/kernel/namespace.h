/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Starting and entering namespaces, clone3(2) and setns(2). */

/* fork() with CLONE_NEW* flags, a pidfd, and (cgroup >= 0; Linux 5.7) the child born in that cgroup, which saves
 * the 5 to 12 ms that moving a process takes. Returns the pid in the parent with *ret_pidfd the caller's, 0 in the
 * child, or -errno. */
pid_t clone_into(uint64_t flags, int cgroup, int *ret_pidfd);

/* The same with CLONE_NEWUSER, the calling thread being `owner` (real and effective uid) for that moment. The user namespace is then
 * that user's: on each count that the kernel bounds by user (namespaces(7) /proc/sys/user/max_*; inotify and fanotify instances and
 * watches; since 5.14 setrlimit(2)'s NPROC, MSGQUEUE, MEMLOCK and SIGPENDING) what is used inside is charged to its owner outside, too, and
 * root's own share of them stays root's. The thread keeps its capabilities; its parent-death signal is lost. */
pid_t clone_as(uid_t owner, uint64_t flags, int cgroup, int *ret_pidfd);

/* The maps of a process that was born into a new user namespace: base..base+range outside are 0..range inside.
 * Written by a privileged parent, once: a second write is EPERM. */
int userns_write_maps(pid_t pid, uid_t base, uint32_t range);

/* A user namespace that nothing lives in, for mount_idmap(): uids and gids inside..inside+range, as they stand on disk, are
 * outside..outside+range to the rest of the host. An fd, or -errno. */
int userns_of_range(uid_t inside, uid_t outside, uint32_t range);

/* The same for layers of an overlay, which overlayfs itself writes to as whoever mounted it: to root of the host, files that are
 * ROOT_ON_DISK's belong. They are whiteouts, and what is in work directories. */
#define ROOT_ON_DISK 4294967293U
int userns_of_range_and_root(uid_t inside, uid_t outside, uint32_t range);

/* The same of one user and one group each. */
typedef struct IdPair {
        uid_t inside, outside;
} IdPair;
int userns_of_pair(IdPair user, IdPair group);

/* /proc/PID/ns/NAME ("user", "net", "mnt" …) as an fd, or -errno. */
int namespace_open(pid_t pid, const char *name);

/* The same of a process that there is a pidfd of, too: without a look into /proc where the kernel can (Linux 6.11). */
int namespace_open_of(int pidfd, pid_t pid, const char *name);
