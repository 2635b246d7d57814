/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"

/* File descriptors. All are made CLOEXEC. Returns are 0 or a count, or -errno. */

/* Read at most max bytes to the end of file; *ret is NUL-terminated (the NUL is not counted) and the caller's.
 * -EFBIG when there is more: what is read from an image or a guest is bounded. */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_size);

/* Write everything; waits (poll) on a non-blocking fd. */
int fd_write_all(int fd, const void *data, size_t size);

int fd_set_nonblock(int fd, bool on);

/* What an O_PATH or other fd is, opened anew by way of /proc: never by a path that could have changed meanwhile. An fd. */
int fd_reopen(int fd, int flags);

/* Whether fd is a directory, or a place in one (O_PATH): from either, ".." leads to all others, whoever holds it (CVE-2024-21626). */
bool fd_is_place(int fd);

/* Let this process have n descriptors more than a few (SIZE_MAX: all that it may): the soft limit is raised as far as the hard one lets it. Who
 * needs them hears of it (-EMFILE) when they are too many still. */
void fd_make_room(size_t n);

/* Where fd is now, as seen from our root: the caller's. -ESTALE when it is not to be seen from there. */
int fd_path(int fd, char **ret);

/* The entries of a directory that stands in dir ("." for dir itself, at its begin); no link is followed. NULL with errno. */
DIR *fd_opendir(int dir, const char *name);

/* fdopendir(3) that takes the fd also when it fails. NULL with errno. */
DIR *fd_into_dir(int fd);

/* readdir(3), whose failure can be told from the end: NULL with *ret < 0. Where there was none, *ret stays what it is. */
struct dirent *fd_readdir(DIR *dir, int *ret);

/* One message of `size` bytes with up to FD_PASS_MAX descriptors over an AF_UNIX SEQPACKET/STREAM socket.
 * fd_recv() fills *n_fds with how many came (each CLOEXEC, the caller's); returns the bytes read, 0 at the end.
 * More descriptors than `*n_fds` holds: they are closed and -EBADMSG is returned. */
#define FD_PASS_MAX 16
int fd_send(int sock, const void *data, size_t size, const int *fds, size_t n_fds);
ssize_t fd_recv(int sock, void *data, size_t size, int *fds, size_t *n_fds);

/* AF_UNIX address from a path that may be longer than sun_path: goes through /proc/self/fd of its directory. */
int unix_connect(const char *path, int type);
int unix_listen(const char *path, int type, mode_t mode);
