/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

/* Each of these is one system call on a name, after all that it needs is there, and before what nobody needs any more is taken away: killed
 * before it nothing has happened, killed after it all has.
 *
 * A subvolume that is rolled back changes places (RENAME_EXCHANGE) with what it becomes in a layer that is nobody's, a tree that somebody
 * put where an image on layers was, in the store's trash; a disk image's file is replaced. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "btrfs.h"
#include "fd.h"
#include "layer.h"
#include "layer-info.h"
#include "quota.h"
#include "reach.h"
#include "snapshot-entry.h"
#include "strv.h"

#define DISK_COPY "image" /* in a layer of its own, until it has its name: so that the sweep finds it */

/* ---- making ---- */

int snapshot_check_new(const Image *image, const char *name, Error **reterr) {
        _cleanup_(snapshot_freep) Snapshot *same = NULL;
        int r = snapshot_name_check(name, reterr);

        if (r < 0 || snapshot_find(image, name, &same, NULL) < 0)
                return r;
        error_set(reterr, EEXIST, "'%s' has a snapshot '%s' already", image->name, name);
        return error_hint(reterr, -EEXIST, "Choose another name, or remove it: `nbox snapshot remove %s %s`", image->name, name);
}

/* The image is sealed as it was found: nobody else has done that meanwhile. */
static int check_unchanged(const Store *s, const Image *image, Error **reterr) {
        char now[LAYER_ID_SIZE] = "";
        int r = image->type == IMAGE_LAYERED ? layer_read_link(s->parent, image_entry_name(image), now) : 0;

        if (r < 0)
                return error_errno(reterr, r, "Cannot read the link %s", image->path);
        if (strcmp(now, image->layer) == 0)
                return 0;
        error_set(reterr, EAGAIN, "%s was changed by somebody else meanwhile", image->path);
        return error_hint(reterr, -EAGAIN, "Try again.");
}

static int make_of_tree(const Store *s, const Image *image, int dir, const char *name, Error **reterr) {
        _cleanup_free_ char *on = stands_on(dir, NULL);
        _cleanup_close_ int lock = store_lock(s, reterr);
        char layer[LAYER_ID_SIZE];
        int r = lock;

        if (r >= 0)
                r = check_unchanged(s, image, reterr);
        if (r >= 0)
                r = image_seal(s, image, name, layer, reterr);
        if (r >= 0 && image->type == IMAGE_SUBVOLUME) {
                stand_on(dir, name, on);
                stand_on(dir, NULL, name);
        }
        return r;
}

/* A copy of a disk image's file, in a layer that is nobody's. */
static int copy_disk(const Store *s, int from, const CopyWatch *watch, Layer **ret, Error **reterr) {
        _cleanup_(layer_freep) Layer *l = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        r = layer_begin(s, "", NULL, &l, reterr);
        if (r >= 0)
                r = copy_file(from, l->fd, DISK_COPY, watch, reterr);
        if (r < 0)
                return r;
        fd = openat(l->fd, DISK_COPY, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
                return error_errno(reterr, errno, "Cannot write the copy to the disk");
        *ret = TAKE_PTR(l);
        return 0;
}

static int make_of_disk(const Store *s, const Image *image, int dir, const char *name, const CopyWatch *watch, Error **reterr) {
        _cleanup_free_ char *on = stands_on(dir, NULL);
        _cleanup_(layer_freep) Layer *copy = NULL;
        _cleanup_close_ int lock = -1;
        int r;

        r = copy_disk(s, image->fd, watch, &copy, reterr);
        if (r < 0)
                return r;
        lock = store_lock(s, reterr);
        if (lock < 0)
                return lock;
        /* when it was made; the image's own time of change is of no use here */
        if (utimensat(copy->fd, DISK_COPY, NULL, AT_SYMLINK_NOFOLLOW) < 0 ||
            renameat2(copy->fd, DISK_COPY, dir, name, RENAME_NOREPLACE) < 0)
                return error_errno(reterr, errno, "Cannot make the snapshot '%s' of '%s'", name, image->name);
        stand_on(dir, name, on);
        stand_on(dir, NULL, name);
        return 0;
}

int snapshot_make(const Image *image, const char *name, const CopyWatch *watch, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_close_ int dir = -1;
        int r;

        r = snapshot_check_new(image, name, reterr);
        if (r >= 0)
                r = store_of_image(image, true, &s, reterr);
        if (r >= 0)
                dir = r = snapshots_open(s, image, true, reterr);
        if (r < 0)
                return r;
        return image->type == IMAGE_DISK ? make_of_disk(s, image, dir, name, watch, reterr) : make_of_tree(s, image, dir, name, reterr);
}

int snapshot_make_of_layer(const Image *image, const char *name, const Layer *layer, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_close_ int lock = -1;
        int r;

        r = snapshot_name_check(name, reterr);
        if (r >= 0)
                r = store_of_image(image, true, &s, reterr);
        if (r >= 0)
                lock = r = store_lock(s, reterr);
        return r < 0 ? r : store_add_snapshot(s, image_entry_name(image), name, layer->id, reterr);
}

/* ---- rolling back ---- */

static int check_mounts(const Image *image, Error **reterr) {
        _cleanup_free_ char *where = NULL;
        int r = tree_has_mounts(image->path, &where, reterr);

        if (r <= 0)
                return r;
        error_set(reterr, EBUSY, "Something is mounted on %s, which would be discarded", where);
        return error_hint(reterr, -EBUSY, "Unmount it: `umount %s`.", where);
}

static int refuse_damaged(const Image *image, const Snapshot *snapshot, int r, Error **reterr) {
        return error_prefix(reterr, r, "Cannot go back to the snapshot '%s' of '%s'", snapshot->name, image->name);
}

static int keep_limit(const Image *image, const Layer *next, Error **reterr) {
        int r = quota_follow(image->fd, next->fd);

        return r < 0 ? error_errno(reterr, r, "Cannot have the limit of %s count for what comes now", image->path) : 0;
}

static int roll_layers(const Store *s, const Image *image, const Snapshot *snapshot, Error **reterr) {
        _cleanup_(layer_freep) Layer *top = NULL;
        Layer **chain = NULL;
        size_t n = 0;
        int r;

        /* all that it needs is there */
        r = layer_chain(s, snapshot->layer, &chain, &n, reterr);
        layer_chain_free(chain, n);
        if (r < 0)
                return refuse_damaged(image, snapshot, r, reterr);
        r = check_unchanged(s, image, reterr);
        if (r >= 0)
                r = layer_new(s, snapshot->layer, image_entry_name(image), &top, reterr);
        if (r >= 0)
                r = keep_limit(image, top, reterr);
        return r < 0 ? r : store_point(s, image_entry_name(image), top->id, false, reterr);
}

static int open_trash(const Store *s, Error **reterr) {
        int fd;

        if (mkdirat(s->fd, "trash", 0700) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make a directory in %s/" STORE_NAME, s->directory);
        fd = openat(s->fd, "trash", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? error_errno(reterr, errno, "Cannot open a directory in %s/" STORE_NAME, s->directory) : fd;
}

/* What stands in a directory of the store under that name takes the image's place, and the image that one's. It is still what was found and
 * locked. */
static int exchange(const Store *s, const Image *image, int dir, const char *name, Error **reterr) {
        struct stat st, now;

        if (fstat(image->fd, &st) < 0 || fstatat(s->parent, image_entry_name(image), &now, AT_SYMLINK_NOFOLLOW) < 0 ||
            st.st_dev != now.st_dev || st.st_ino != now.st_ino)
                return error_set(reterr, EAGAIN, "%s was exchanged for something else meanwhile", image->path);
        if (renameat2(dir, name, s->parent, image_entry_name(image), RENAME_EXCHANGE) < 0)
                return error_errno(reterr, errno, "Cannot put what was kept into the place of %s", image->path);
        return 0;
}

/* Made in a layer of its own, which is held: what lies in the trash is anybody's to remove. */
static int roll_subvolume(const Store *s, const Image *image, const Snapshot *snapshot, Error **reterr) {
        _cleanup_(layer_freep) Layer *kept = NULL, *next = NULL;
        int r;

        r = check_mounts(image, reterr);
        if (r >= 0)
                r = layer_open(s, snapshot->layer, &kept, reterr);
        if (r >= 0)
                r = layer_begin(s, "", NULL, &next, reterr);
        if (r < 0)
                return r;
        r = btrfs_snapshot(kept->tree, next->fd, "tree", false);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make a subvolume of the snapshot '%s'", snapshot->name);
        r = keep_limit(image, next, reterr);
        return r < 0 ? r : exchange(s, image, next->fd, "tree", reterr);
}

/* A directory that somebody put where an image on layers was. */
static int roll_tree(const Store *s, const Image *image, const Snapshot *snapshot, Error **reterr) {
        _cleanup_(layer_freep) Layer *top = NULL;
        _cleanup_close_ int trash = -1;
        char text[LAYER_LINK_MAX];
        int r;

        r = check_mounts(image, reterr);
        if (r >= 0)
                r = layer_new(s, snapshot->layer, image_entry_name(image), &top, reterr);
        if (r >= 0)
                trash = r = open_trash(s, reterr);
        if (r < 0)
                return r;
        layer_link(top->id, text);
        if (symlinkat(text, trash, top->id) < 0)
                return error_errno(reterr, errno, "Cannot make a link in %s/" STORE_NAME, s->directory);
        return exchange(s, image, trash, top->id, reterr);
}

static int roll_disk(const Store *s, const Image *image, const Snapshot *snapshot, int dir, const CopyWatch *watch, Error **reterr) {
        _cleanup_close_ int file = openat(dir, snapshot->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), lock = -1;
        _cleanup_(layer_freep) Layer *copy = NULL;
        int r;

        if (file < 0)
                return error_errno(reterr, errno, "Cannot open the snapshot '%s'", snapshot->name);
        r = copy_disk(s, file, watch, &copy, reterr);
        if (r >= 0)
                lock = r = store_lock(s, reterr);
        if (r < 0)
                return r;
        if (renameat(copy->fd, DISK_COPY, s->parent, image_entry_name(image)) < 0)
                return error_errno(reterr, errno, "Cannot replace %s", image->path);
        stand_on(dir, NULL, snapshot->name);
        return 0;
}

int snapshot_rollback(const Image *image, const Snapshot *snapshot, const CopyWatch *watch, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_close_ int lock = -1, dir = -1;
        int r;

        if (image->read_only) {
                error_set(reterr, EROFS, "The image '%s' is read-only", image->name);
                return error_hint(reterr, -EROFS, "`nbox read-only %s no` lets it be written to.", image->name);
        }
        r = store_of_image(image, true, &s, reterr);
        if (r >= 0)
                dir = r = snapshots_open(s, image, true, reterr);
        if (r < 0)
                return r;
        if ((image->type == IMAGE_DISK) != !*snapshot->layer)
                return error_set(reterr, EINVAL, "The snapshot '%s' is not one of what '%s' is now", snapshot->name, image->name);
        if (image->type == IMAGE_DISK)
                return roll_disk(s, image, snapshot, dir, watch, reterr);
        lock = store_lock(s, reterr);
        if (lock < 0)
                return lock;
        if (image->type == IMAGE_LAYERED)
                return roll_layers(s, image, snapshot, reterr);
        r = image->type == IMAGE_SUBVOLUME ? roll_subvolume(s, image, snapshot, reterr) : roll_tree(s, image, snapshot, reterr);
        if (r >= 0 && image->type == IMAGE_SUBVOLUME)
                stand_on(dir, NULL, snapshot->name);
        return r;
}

/* ---- removing ---- */

/* What stood on it stands on what it stood on. */
static int inherit(int dir, const char *name) {
        _cleanup_free_ char *below = stands_on(dir, name), *current = stands_on(dir, NULL);
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        _cleanup_strv_ char **names = NULL;
        struct dirent *e;

        if (!d)
                return -errno;
        while ((e = readdir(d)))
                if (snapshot_name_is_valid(e->d_name) && strv_append(&names, e->d_name) < 0)
                        return -ENOMEM;
        for (char **other = names; other && *other; other++) {
                _cleanup_free_ char *on = stands_on(dir, *other);

                if (on && strcmp(on, name) == 0)
                        stand_on(dir, *other, below);
        }
        if (current && strcmp(current, name) == 0)
                stand_on(dir, NULL, below);
        stand_on(dir, name, NULL);
        return 0;
}

int snapshot_remove(const Image *image, const char *name, Error **reterr) {
        _cleanup_(snapshot_freep) Snapshot *snapshot = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_close_ int lock = -1, dir = -1;
        int r;

        r = snapshot_find(image, name, &snapshot, reterr);
        if (r >= 0)
                r = store_of_image(image, true, &s, reterr);
        if (r >= 0)
                lock = r = store_lock(s, reterr);
        if (r >= 0)
                dir = r = snapshots_open(s, image, true, reterr);
        if (r < 0)
                return r;
        if (unlinkat(dir, name, 0) < 0)
                return error_errno(reterr, errno, "Cannot remove the snapshot '%s' of '%s'", name, image->name);
        r = inherit(dir, name);
        return r < 0 ? error_errno(reterr, r, "Cannot read the snapshots of %s", image->path) : 0;
}
