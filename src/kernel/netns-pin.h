/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A network namespace that lives on without a process in it, as `ip netns` keeps them: by a bind mount of it on a file. Returns are 0 or
 * -errno. */

/* Keep `netns` at `path`, whose directory is made where it is missing. The mount is made where PID 1 sees it: one of a mount namespace of
 * the caller's own would go with the caller. */
int netns_pin(int netns, const char *path);

/* The namespace that is kept there, as an fd; -ENOENT where there is none. */
int netns_pinned(const char *path);

/* No longer: file and mount go, wherever the mount was copied to; the directory with the last. */
void netns_unpin(const char *path);
