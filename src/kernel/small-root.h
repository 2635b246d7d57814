/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* A root directory for a process of our own that handles what strangers made and yet needs libraries and settings of the host's: shared
 * objects, resolv.conf, certificates. It has /etc and /usr (with /lib and its kind), what resolvers keep under /run, and files that the
 * caller gives it; all of it read-only, and nothing else: no /home, /root, /var, /proc, /dev, no images. */

typedef struct SmallRootFile {
        const char *name; /* of a file in the top directory, for everybody to read */
        const void *data;
        size_t size;
} SmallRootFile;

/* Make it and enter it, for good. The caller was born into a mount namespace of its own (CLONE_NEWNS), as root. 0 or -errno. */
int small_root_enter(const SmallRootFile *files, size_t n);
