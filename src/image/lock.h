/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "find.h"
#include "strv.h"

/* A tree in use, known to systemd-nspawn, machinectl and nbox alike. */

typedef struct ImageLock {
        char *files[2]; /* absolute paths of the lock files, held or not (fds): what a record lists */
        int fds[2];     /* CLOEXEC; the locks live as long as these (and what was forked with them and has not exec'ed) */
        bool shared;
} ImageLock;

/* -EAGAIN of what follows and of what seals (store.h): another command has changed the image since it was found. Whether to find it anew
 * and try once more; *tries begins at 0. */
bool image_try_again(int r, unsigned *tries);

/* In two steps, for who must write down what is locked before it is: first the paths, with no lock taken; then the locks,
 * with image_lock()'s errors. After a failure image_lock_release() lets go of what was taken. */
int image_lock_prepare(const Image *image, bool shared, ImageLock **ret, Error **reterr);
int image_lock_take(const Image *image, ImageLock *lock, Error **reterr);

/* Take the locks without waiting. `shared` is for a tree that is only read (--read-only, the source of an ephemeral copy).
 * -EBUSY with an Error that names the tree when somebody has it, -ETXTBSY when it is mounted on the host (mounted.h). */
int image_lock(const Image *image, bool shared, ImageLock **ret, Error **reterr);

/* Whether anybody has the lock of this tree's inode, wherever the tree stands now: 1, 0, -errno. It is not taken, not even for a moment. */
int image_lock_is_held(int tree);

/* Unlink the files (unless other shared holders are left) and let go of the locks: 0, or the first failure, after which a file
 * is left for image_lock_sweep(). */
int image_lock_remove(ImageLock *lock);

/* The same, whatever fails, and free it. NULL is fine. Returns NULL. */
ImageLock *image_lock_release(ImageLock *lock);
static inline void image_lock_releasep(ImageLock **lock) {
        image_lock_release(*lock);
}

/* Where systemd-nspawn has a lock file for each range of 65,536 ids that a machine of its own uses, named by the first. */
#define LOCK_OF_IDS_DIRECTORY "/run/systemd/nspawn-uid"

/* And where we have one for each of our machines whose range those do not say (run/idrange.h): NAME:FIRST:COUNT. */
#define LOCK_OF_ODD_IDS_DIRECTORY "/run/nbox/ids"

/* Remove a lock file that a dead holder left, by the path that its record lists. Whoever holds it now keeps it. A path
 * that no lock file can have is refused with -EINVAL. Returns 0 also when there is nothing to do. */
int image_lock_sweep(const char *path);

/* All of them that nobody holds, beside the images of a directory and for inodes. */
void image_lock_sweep_all(const char *directory);
