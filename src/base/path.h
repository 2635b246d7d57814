/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Paths. Whatever a guest can write is opened beneath a root fd, once, and is an fd from then on. */

/* Open beneath root as the guest would see it: ".." stops at the root, absolute links begin at it, magic links
 * (/proc/PID/fd) are refused. openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), Linux 5.6. `path` may be
 * absolute or relative; O_CLOEXEC is added. Returns an fd or -errno. */
int open_in_root(int root, const char *path, int flags, mode_t mode);

/* The same where all of the path lies on the mount that root is of; or -EXDEV. */
int open_in_root_mount(int root, const char *path, int flags);

/* Absolute, no "." or ".." component, no control byte, at most PATH_MAX. */
bool path_is_clean(const char *path);

/* The caller's working directory and a relative path made one. Not resolved. NULL on out of memory. */
char *path_make_absolute(const char *path);

/* Make every missing directory of `path` beneath root (as open_in_root() resolves it), mode 0755, and return
 * an O_PATH fd of the last one. Owner is the caller's fsuid: set that to the guest's root before. */
int mkdir_in_root(int root, const char *path);

/* The same for a file to mount on: an O_PATH fd of what is there, or of a new empty file (mode 0644). */
int create_in_root(int root, const char *path);

/* Whether the working directory is beneath our root: else it shows as "(unreachable)…" (CVE-2024-21626). */
bool path_cwd_is_inside(void);
