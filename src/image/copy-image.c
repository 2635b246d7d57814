/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-image.h"

#include <string.h>
#include <sys/stat.h>

#include "mount.h"
#include "new-image.h"
#include "stack.h"
#include "store.h"

/* All layers as one tree. */
static int copy_layers(const ImageCopyRequest *q, int to, Error **reterr) {
        _cleanup_(image_stack_freep) ImageStack *stack = NULL;
        StackWish wish = { .read_only = true, .volatility = VOLATILE_NO, .machine = q->from->name };
        int r = mount_own_namespace();

        if (r < 0)
                return error_errno(reterr, r, "Cannot make a mount namespace");
        r = image_stack_open(q->from, &wish, &stack, reterr);
        return r < 0 ? r : copy_tree(stack->look, to, q->watch, reterr);
}

static int no_disk_file(const ImageCopyRequest *q, const NewImage *n, Error **reterr) {
        error_set(reterr, EOPNOTSUPP, "%s is a block device, which nbox does not copy", q->from->path);
        return error_hint(reterr, -EOPNOTSUPP, "`dd if=%s of=%s bs=1M conv=sparse` does.", q->from->path, n->path);
}

/* Whoever forbade to write to an image (machinectl read-only) did not mean its copies. */
static int copy_disk(const ImageCopyRequest *q, const NewImage *n, Error **reterr) {
        struct stat st;
        int r;

        if (fstat(q->from->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", q->from->path);
        if (!S_ISREG(st.st_mode))
                return no_disk_file(q, n, reterr);
        r = copy_file_into(q->from->fd, n->fd, n->path, q->watch, reterr);
        if (r < 0)
                return r;
        return fchmod(n->fd, (st.st_mode & 07777) | S_IWUSR) < 0 ? error_errno(reterr, errno, "Cannot finish %s", n->path) : 0;
}

static int copy_any(const ImageCopyRequest *q, const NewImage *n, Error **reterr) {
        switch (q->from->type) {
        case IMAGE_TREE:
                return copy_tree(q->from->fd, n->fd, q->watch, reterr);
        case IMAGE_LAYERED:
                return copy_layers(q, n->fd, reterr);
        case IMAGE_DISK:
                return copy_disk(q, n, reterr);
        case IMAGE_SUBVOLUME: /* which the snapshot is a copy of */
                break;
        }
        return 0;
}

static const NewImageKind kinds[] = {
        [IMAGE_TREE] = NEW_DIRECTORY,
        [IMAGE_LAYERED] = NEW_DIRECTORY,
        [IMAGE_SUBVOLUME] = NEW_SNAPSHOT,
        [IMAGE_DISK] = NEW_DISK,
};

static int begin(const ImageCopyRequest *q, NewImage **ret, Error **reterr) {
        size_t n = (size_t) (strrchr(q->from->path, '/') - q->from->path);
        _cleanup_free_ char *directory = n > 0 ? strndup(q->from->path, n) : strdup("/");
        NewImageWish wish = {
                .name = q->name,
                .directory = directory,
                .kind = kinds[q->from->type],
                .snapshot_of = q->from->fd,
                .watch = q->watch,
        };

        return directory ? new_image_begin(&wish, ret, reterr) : error_oom(reterr);
}

int image_copy(const ImageCopyRequest *q, char **ret_path, Error **reterr) {
        _cleanup_(new_image_freep) NewImage *n = NULL;
        int r = begin(q, &n, reterr);

        if (r >= 0)
                r = copy_any(q, n, reterr);
        if (r >= 0 && q->finish)
                r = q->finish(n->fd, q->userdata, reterr);
        if (r >= 0)
                r = new_image_finish(n, reterr);
        if (r >= 0)
                *ret_path = TAKE_PTR(n->path);
        return r;
}

/* ---- sizes ---- */

static int size_of_layers(const Image *from, uint64_t *ret_bytes, uint64_t *ret_files) {
        _cleanup_(store_freep) Store *store = NULL;
        Layer **chain = NULL;
        size_t n = 0;
        int r = store_of_image(from, false, &store, NULL);

        if (r >= 0)
                r = layer_chain(store, from->layer, &chain, &n, NULL);
        if (r < 0)
                return r;
        for (size_t i = 0; r >= 0 && i < n; i++) {
                uint64_t bytes = 0, files = 0;

                r = tree_size(chain[i]->tree, &bytes, &files);
                *ret_bytes += bytes;
                *ret_files += files;
        }
        layer_chain_free(chain, n);
        return r;
}

int image_copy_size(const Image *from, uint64_t *ret_bytes, uint64_t *ret_files) {
        struct stat st;

        *ret_bytes = *ret_files = 0;
        switch (from->type) {
        case IMAGE_TREE:
                return tree_size(from->fd, ret_bytes, ret_files);
        case IMAGE_SUBVOLUME:
                return 0;
        case IMAGE_LAYERED:
                return size_of_layers(from, ret_bytes, ret_files);
        case IMAGE_DISK:
                if (fstat(from->fd, &st) < 0)
                        return -errno;
                *ret_bytes = (uint64_t) st.st_blocks * 512;
                *ret_files = 1;
                return 0;
        }
        return -EINVAL;
}
