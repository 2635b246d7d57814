/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/* A character device in a machine's /dev. On a host the node is made. nbox that runs in a machine itself cannot: mknod(2) is EPERM in a
 * user namespace, and a node on a file system that was mounted in one opens nothing. What this nbox's own /dev has is then
 * bound over a place of that name: the machine inside gets no device that the one around it has not. */
typedef struct DeviceNode {
        const char *name; /* below /dev; its directory is there */
        unsigned major, minor;
        mode_t mode;
} DeviceNode;

/* In the directory `dev`, for `owner` (uid and gid): the node, and 0; a place for it, and 1; or -errno. The umask counts. */
int device_node_make(int dev, const DeviceNode *node, uid_t owner);

/* Once `dev` is attached: bind what is only a place. 0 or -errno; -ENOENT where our own /dev lacks it too, -ENODEV where something
 * else stands there. */
int device_node_bind(int dev, const DeviceNode *node);
