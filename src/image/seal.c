/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

/* Sealing takes no copy: what an image has been so far becomes a layer that nobody writes to any more, and the image goes on in an empty
 * one on top of it.
 *
 * On layers that is the replacing of a link. A plain tree is a directory, and a link cannot replace one; but the two can change places
 * (RENAME_EXCHANGE), in one step: the link to the new layer stands where the tree will be in the base layer, so that after it everything
 * is in its place, and before it both layers are garbage. A subvolume of btrfs needs none of this: its state is kept by a read-only
 * snapshot, and the image stays what it is. */

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "btrfs.h"
#include "fd.h"
#include "layer.h"
#include "layer-info.h"
#include "log.h"
#include "quota.h"
#include "reach.h"

typedef struct Sealing {
        const Store *store;
        const Image *image;
        const char *name;     /* of the image, in the store's directory */
        const char *snapshot; /* or NULL */
} Sealing;

/* FS_IMMUTABLE_FL of a directory: what machinectl's read-only sets. -1: it has no such thing. */
static int is_immutable(int dir) {
        _cleanup_close_ int fd = fd_reopen(dir, O_RDONLY | O_DIRECTORY);
        int flags = 0;

        return fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ? -1 : (flags & FS_IMMUTABLE_FL) != 0;
}

static int set_immutable(int dir, bool on) {
        _cleanup_close_ int fd = fd_reopen(dir, O_RDONLY | O_DIRECTORY);
        int flags = 0;

        if (fd < 0)
                return fd;
        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                return -errno;
        flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
        return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

static int changed_meanwhile(const Image *image, Error **reterr) {
        error_set(reterr, EAGAIN, "%s has just been changed by another command", image->path);
        return error_hint(reterr, -EAGAIN, "Try again.");
}

static int add_snapshot(const Sealing *q, const char *layer, Error **reterr) {
        return q->snapshot ? store_add_snapshot(q->store, q->name, q->snapshot, layer, reterr) : 0;
}

/* After a failure the name goes again. What it led to does so by itself. */
static int take_back_snapshot(const Sealing *q, int r) {
        _cleanup_free_ char *path = NULL;

        if (q->snapshot && asprintf(&path, "snapshots/%s/%s", q->name, q->snapshot) >= 0)
                (void) unlinkat(q->store->fd, path, 0);
        return r;
}

static int is_empty(int dir) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        struct dirent *e;

        if (!d)
                return -errno;
        while ((errno = 0, e = readdir(d)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        return 0;
        return errno ? -errno : 1;
}

/* A layer that is as it was made: what it stands on is all there is. */
static int is_untouched(const Layer *own, const Layer *below) {
        int r = is_empty(own->tree);

        return r > 0 ? directory_has_attributes(own->tree, below->tree) : r;
}

static int keep_limit(const Sealing *q, int below, const Layer *top, Error **reterr) {
        int r = quota_follow(below, top->fd);

        return r < 0 ? error_errno(reterr, r, "Cannot have the limit of %s count for what comes now", q->image->path) : 0;
}

static int check_length(const Sealing *q, size_t n, Error **reterr) {
        if (n < LAYERS_MAX)
                return 0;
        error_set(reterr, E2BIG, "%s stands on %zu layers, and more than %d are not stacked", q->image->path, n, LAYERS_MAX);
        return error_hint(reterr, -E2BIG, "`nbox clone --copy %s NEW` makes one tree of it, to go on with.", q->image->name);
}

/* Whoever else may read it may have sealed it, too, since it was found. */
static int check_layer(const Sealing *q, Error **reterr) {
        char now[LAYER_ID_SIZE];

        if (layer_read_link(q->store->parent, q->name, now) > 0 && strcmp(now, q->image->layer) == 0)
                return 0;
        return changed_meanwhile(q->image, reterr);
}

static int seal_layered(const Sealing *q, char ret[LAYER_ID_SIZE], Error **reterr) {
        _cleanup_(layer_freep) Layer *top = NULL;
        Layer **chain = NULL;
        size_t n = 0;
        int r;

        r = check_layer(q, reterr);
        if (r < 0)
                return r;
        r = layer_chain(q->store, q->image->layer, &chain, &n, reterr);
        if (r < 0)
                return r;
        r = n > 1 ? is_untouched(chain[0], chain[1]) : 0;
        if (r < 0)
                error_errno(reterr, r, "Cannot look into the layer of %s", q->image->path);
        else if (r > 0) {
                strcpy(ret, chain[1]->id);
                layer_chain_free(chain, n);
                return add_snapshot(q, ret, reterr);
        } else
                r = check_length(q, n, reterr);
        if (r >= 0)
                r = layer_begin(q->store, chain[0]->id, q->name, &top, reterr);
        if (r >= 0)
                r = layer_make_tree(top, chain[0]->tree, reterr);
        if (r >= 0)
                r = keep_limit(q, chain[0]->tree, top, reterr);
        if (r >= 0 && is_immutable(chain[0]->tree) > 0 && (r = set_immutable(top->tree, true)) < 0)
                error_errno(reterr, r, "Cannot have %s read-only as before", q->image->path);
        if (r >= 0)
                r = add_snapshot(q, chain[0]->id, reterr);
        layer_chain_free(chain, n);
        if (r < 0)
                return r;
        r = store_point(q->store, q->name, top->id, false, reterr);
        if (r < 0)
                return take_back_snapshot(q, r);
        strcpy(ret, top->parent);
        return 0;
}

static int check_mounts(const Image *image, Error **reterr) {
        _cleanup_free_ char *where = NULL;
        int r = tree_has_mounts(image->path, &where, reterr);

        if (r <= 0)
                return r;
        error_set(reterr, EBUSY, "Something is mounted on %s: what is mounted cannot become a layer", where);
        return error_hint(reterr, -EBUSY, "Unmount it, or make a whole copy with `nbox clone --copy`, which leaves it out.");
}

static int exchange_error(const Image *image, int r, Error **reterr) {
        if (r != -EINVAL && r != -ENOSYS)
                return error_errno(reterr, r, "Cannot make a layer of %s", image->path);
        error_set(reterr, r, "Cannot make a layer of %s: its file system cannot exchange a directory for a link", image->path);
        return error_hint(reterr, r, "`nbox clone --copy` makes a whole copy, which needs no layers.");
}

/* The commit. A read-only tree cannot be renamed, so its attribute goes over to the layer that is written to from now on before; killed in
 * between, it is whole, but may be written to. */
static int exchange(const Sealing *q, const Layer *base, const Layer *top, Error **reterr) {
        bool read_only = is_immutable(q->image->fd) > 0;
        struct stat st, now;
        int r;

        if (fstat(q->image->fd, &st) < 0 || fstatat(q->store->parent, q->name, &now, AT_SYMLINK_NOFOLLOW) < 0 ||
            st.st_dev != now.st_dev || st.st_ino != now.st_ino)
                return changed_meanwhile(q->image, reterr);
        if (read_only) {
                r = set_immutable(top->tree, true);
                if (r >= 0)
                        r = set_immutable(q->image->fd, false);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot take the read-only attribute from %s", q->image->path);
        }
        if (renameat2(q->store->parent, q->name, base->fd, "tree", RENAME_EXCHANGE) >= 0)
                return 0;
        r = -errno;
        if (read_only)
                (void) set_immutable(q->image->fd, true);
        return exchange_error(q->image, r, reterr);
}

static int seal_tree(const Sealing *q, char ret[LAYER_ID_SIZE], Error **reterr) {
        _cleanup_(layer_freep) Layer *base = NULL, *top = NULL;
        char text[LAYER_LINK_MAX];
        int r;

        r = check_mounts(q->image, reterr);
        if (r >= 0)
                r = layer_begin(q->store, "", q->name, &base, reterr);
        if (r >= 0)
                r = layer_begin(q->store, base->id, q->name, &top, reterr);
        if (r >= 0)
                r = layer_make_tree(top, q->image->fd, reterr);
        if (r >= 0)
                r = keep_limit(q, q->image->fd, top, reterr);
        if (r < 0)
                return r;
        layer_link(top->id, text);
        if (symlinkat(text, base->fd, "tree") < 0)
                return error_errno(reterr, errno, "Cannot make a link in %s", q->store->directory);
        r = add_snapshot(q, base->id, reterr);
        if (r < 0)
                return r;
        r = exchange(q, base, top, reterr);
        if (r < 0)
                return take_back_snapshot(q, r);
        strcpy(ret, base->id);
        return 0;
}

static int seal_subvolume(const Sealing *q, char ret[LAYER_ID_SIZE], Error **reterr) {
        _cleanup_(layer_freep) Layer *layer = NULL;
        int r;

        r = layer_begin(q->store, "", q->name, &layer, reterr);
        if (r < 0)
                return r;
        r = btrfs_snapshot(q->image->fd, layer->fd, "tree", true);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make a snapshot of the subvolume %s", q->image->path);
        r = add_snapshot(q, layer->id, reterr);
        if (r >= 0)
                strcpy(ret, layer->id);
        return r;
}

int image_seal(const Store *s, const Image *image, const char *snapshot, char ret[LAYER_ID_SIZE], Error **reterr) {
        Sealing q = { .store = s, .image = image, .name = strrchr(image->path, '/') + 1, .snapshot = snapshot };

        switch (image->type) {
        case IMAGE_TREE:
                return seal_tree(&q, ret, reterr);
        case IMAGE_SUBVOLUME:
                return seal_subvolume(&q, ret, reterr);
        case IMAGE_LAYERED:
                return seal_layered(&q, ret, reterr);
        case IMAGE_DISK:
                break;
        }
        return error_set(reterr, EOPNOTSUPP, "%s is a disk image, which has no layers", image->path);
}
