/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Whole small files, of the host's. Returns 0 or -errno. */

/* Read at most max bytes of a regular file, procfs or sysfs file; -EFBIG beyond. *ret is the caller's. */
int file_read(int dirfd, const char *path, size_t max, char **ret);

/* A regular file, or one of procfs that the kernel makes whole, by one read(2): its size, with a NUL behind it in buf; -EFBIG where that has no
 * room. Links at the end of the path are not followed. */
ssize_t file_read_once(int dirfd, const char *path, char *buf, size_t size);

/* Write into an existing file in one write(2), as procfs and cgroupfs want it. No O_CREAT. */
int file_write(int dirfd, const char *path, const char *text);

/* Replace a file atomically: temporary file beside it, rename, so that no link that stands there is followed. No
 * fsync: for /run, and for what can be made again. `path` has no directory part where a guest can write it. */
int file_replace(int dirfd, const char *path, const char *text, mode_t mode);
int file_replace_data(int dirfd, const char *path, const void *data, size_t size, mode_t mode);

/* The same by way of a temporary file of the caller's choice on the same file system, for whoever holds a lock on all that is written
 * there: one name will do, and what a crash leaves is replaced with the next. The mode is as given, whatever the umask; the file is
 * closed before it is moved, so that who watches the directory (inotify(7)) sees one event. */
int file_replace_by(const char *temporary, const char *path, const char *text, mode_t mode);

/* Remove what a crash left in a directory of which the caller has that lock, where temporary files are called ".NAME.new". */
void file_sweep_by(const char *directory);

/* Like mkdir -p, mode 0755 for all; `path` absolute. */
int mkdir_parents(const char *path, mode_t mode);
