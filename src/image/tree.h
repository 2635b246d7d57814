/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* What is in a tree. All of it is the guest's: it is opened beneath the root fd, never executed, and read up to a bound. */

/* The init that a boot executes, as a path inside ("/sbin/init"): the first candidate that is a regular, executable
 * file, symbolic links followed as the guest would. -ENOEXEC with an Error that lists what was looked for. *ret is the
 * caller's. */
int tree_find_init(int root, char **ret, Error **reterr);

/* Whether a boot would look there for an init. */
bool tree_is_init_path(const char *path);

/* Whether a boot can execute that path: 0, or -ENOEXEC with an Error that says what is there instead. */
int tree_check_init(int root, const char *path, Error **reterr);

/* From /etc/os-release or /usr/lib/os-release (os-release(5)). NULL where the file or the line is missing. Values are valid
 * UTF-8 without control characters, at most 256 bytes. */
typedef struct OsRelease {
        char *id;          /* "debian" */
        char *version_id;  /* "12" */
        char *pretty_name; /* "Debian GNU/Linux 12 (bookworm)" */
} OsRelease;

void os_release_done(OsRelease *r);

/* Returns 0 also where there is none, or none that can be read: nothing depends on it. -ENOMEM. */
int tree_os_release(int root, OsRelease *ret);

#define OS_RELEASE_MAX (64 * 1024) /* bytes of such a file */

/* Parse os-release text. Used by tree_os_release(). */
int os_release_parse(const char *text, OsRelease *ret);

/* Open a regular file of the tree to read it. Neither a device nor a pipe that stands in its place is opened (-EBADF), nor a file of
 * proc, some of which are the host's own: reading /proc/kmsg takes its log away. An fd, or -errno. */
int tree_open_file(int root, const char *path);

/* All of it, up to max bytes (-EFBIG beyond). *ret is NUL-terminated and the caller's. */
int tree_read_file(int root, const char *path, size_t max, char **ret);
