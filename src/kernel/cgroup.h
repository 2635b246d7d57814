/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The unified hierarchy (cgroup v2): at /sys/fs/cgroup, or on a hybrid host at /sys/fs/cgroup/unified, where it has
 * no controllers but groups, freezes and kills all the same. Paths are relative to its root and begin with "/", as
 * the "0::" line of /proc/PID/cgroup has them. Returns are 0, an fd, or -errno; -ENOENT: no unified hierarchy. */

/* Where it is mounted; a constant string, or NULL. */
const char *cgroup_mount_point(void);

/* The group of a process (0: ourselves), the caller's. */
int cgroup_of(pid_t pid, char **ret);

/* The same from the text of a /proc/PID/cgroup. */
int cgroup_parse(const char *text, char **ret);

/* Whether `path` is `top` or in it. */
bool cgroup_is_below(const char *path, const char *top);

/* O_PATH|O_DIRECTORY fd of a group. */
int cgroup_open(const char *path);

/* Make a group for a machine below `parent`; an empty one of that name that was left is taken over. */
int cgroup_create(const char *path);

/* Hand a group over to a user namespace's root: the directory and the files of /sys/kernel/cgroup/delegate. */
int cgroup_delegate(int cgroup, uid_t uid);

/* Kill everything in and below a group (cgroup.kill, Linux 5.14), and wait (at most timeout_usec) until it is empty. */
int cgroup_kill(const char *path, uint64_t timeout_usec);

/* Let nothing in and below a group run, or all of it again. Whoever is killed meanwhile ends all the same. It is asked for, and not waited
 * for: */
int cgroup_freeze(const char *path, bool on);

/* until all of it stands still; -ETIMEDOUT. */
int cgroup_wait_frozen(const char *path, uint64_t timeout_usec);

/* Whether all of it stands still, whoever made it so, here or in a group above. */
bool cgroup_is_frozen(const char *path);

/* The nearest group, itself or one above, of which somebody wants that it stands still; the caller's, who may ask for none (NULL). -ENOENT: of none. */
int cgroup_frozen_by(const char *path, char **ret);

/* An fd that has EPOLLPRI after each change of what cgroup_is_frozen() says, until it is asked by the second. */
int cgroup_watch(const char *path);
bool cgroup_watch_is_frozen(int watch);

/* Remove a group in which there is nothing, neither process nor group: 0, or -errno; -EBUSY: there is. */
int cgroup_remove_empty(const char *path);

/* Remove all groups below a group, however deep; not the group itself. Errors as of cgroup_remove(). */
int cgroup_remove_below(const char *path);

/* Remove a group with all groups below it. What still has processes stays: -EBUSY. No group is success. */
int cgroup_remove(const char *path);

/* Whether a process is in or below the group; a group that is not there is empty. */
bool cgroup_populated(const char *path);

/* The resource controllers that can be used below the mount point, blanks between them; "" for none. The caller's. */
int cgroup_controllers(char **ret);
