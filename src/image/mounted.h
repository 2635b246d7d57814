/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Images whose trees are mounted on the host, with no machine (`nbox mount`). What is mounted, the kernel knows; which image that is, stands
 * in a file for each mount under /run/nbox/mounts, written before the mount is attached. A file whose mount is gone, by whatever way
 * (umount(8), a crash of ours before it was there), says nothing, and is removed by who comes upon it. An image that is mounted is not to
 * be had: image_lock_take() looks here, so that nobody has to stay behind to hold a lock.
 *
 * All of it is of the mount namespace of the host's init. */

typedef struct MountedImage {
        char *image;      /* its path */
        char *name;       /* its name */
        dev_t device;     /* of its tree or file */
        ino_t inode;
        char *point;      /* the directory; as the kernel has it once it is mounted */
        bool read_only;
        uint64_t mount_id;
        /* what tells the mount from a later one with that id; NULL and 0: not yet known */
        char *root;
        unsigned major, minor;
} MountedImage;

typedef struct MountedImages {
        MountedImage *items;
        size_t n;
} MountedImages;

void mounted_image_done(MountedImage *m);
void mounted_images_done(MountedImages *all);

/* Whether we are in that namespace; else an Error. */
int mounted_check_namespace(Error **reterr);

/* Note a mount that is about to be attached. Meanwhile nobody takes the note for a dead one's: the fd of mounted_begin() is to be closed
 * when the mount is there, or will not be. */
int mounted_begin(Error **reterr);
int mounted_note(int begun, const MountedImage *m, Error **reterr);

/* All that are mounted, by their mount points. Notes that are wrong by now are removed (as root), and those that are not yet complete,
 * completed. */
int mounted_list(MountedImages *ret, Error **reterr);

/* That the image, to be read only (shared) or written to, is in no mount's way. -ETXTBSY with an Error that names the mount point: it is
 * mounted to be written to, or mounted at all. */
typedef struct MountedWish {
        int fd;           /* the image's */
        const char *what; /* it, for the message: "The image 'web'" */
        bool shared;
} MountedWish;
int mounted_check(const MountedWish *wish, Error **reterr);
