/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layer-copy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "btrfs.h"
#include "layer.h"

int layer_copy_size(const Image *image, uint64_t *ret_bytes, uint64_t *ret_files) {
        *ret_bytes = *ret_files = 0;
        return image->type == IMAGE_SUBVOLUME ? 0 : tree_size(image->fd, ret_bytes, ret_files);
}

static int take_snapshot(Layer *l, int tree, Error **reterr) {
        int r = btrfs_snapshot(tree, l->fd, "tree", true);

        if (r >= 0 && mkdirat(l->fd, "work", 0700) < 0)
                r = -errno;
        if (r >= 0)
                r = l->tree = store_open_beneath(l->fd, "tree", O_PATH | O_DIRECTORY);
        return r < 0 ? error_errno(reterr, r, "Cannot make a snapshot") : 0;
}

static int take_copy(Layer *l, int tree, const CopyWatch *watch, Error **reterr) {
        int r = layer_make_tree(l, -1, reterr);

        return r < 0 ? r : copy_tree(tree, l->tree, watch, reterr);
}

static int fill(const Store *s, const char *parent, const char *name, int tree, const CopyWatch *watch, Layer **ret, Error **reterr) {
        _cleanup_(layer_freep) Layer *l = NULL;
        int r = layer_begin(s, parent, name, &l, reterr);

        if (r < 0)
                return r;
        r = btrfs_is_subvolume(tree) ? take_snapshot(l, tree, reterr) : take_copy(l, tree, watch, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(l);
        return r;
}

int layer_copy_onto(const Store *s, const Layer *from, const char *parent, const char *name, const CopyWatch *watch, Layer **ret,
                    Error **reterr) {
        return fill(s, parent, name, from->tree, watch, ret, reterr);
}

int layer_sync(const Layer *l, Error **reterr) {
        return syncfs(l->fd) < 0 ? error_errno(reterr, errno, "Cannot write a layer to the disk") : 0;
}

int layer_copy_of(const Store *s, const Image *image, const CopyWatch *watch, Layer **ret, Error **reterr) {
        const char *name = strrchr(image->path, '/') + 1;
        _cleanup_(layer_freep) Layer *own = NULL;
        int r;

        switch (image->type) {
        case IMAGE_TREE:
        case IMAGE_SUBVOLUME:
                return fill(s, "", name, image->fd, watch, ret, reterr);
        case IMAGE_LAYERED:
                r = layer_open(s, image->layer, &own, reterr);
                return r < 0 ? r : fill(s, own->parent, name, own->tree, watch, ret, reterr);
        case IMAGE_DISK:
                break;
        }
        return error_set(reterr, EOPNOTSUPP, "%s is a disk image, which has no layers", image->path);
}
