/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-image.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "btrfs.h"
#include "fd.h"
#include "mount.h"
#include "stack.h"
#include "store.h"
#include "unfinished.h"

#define DISK_SUFFIX ".raw"

typedef struct Place {
        char *directory;  /* where the image lies */
        char *name;       /* of the copy's in it */
        char *unfinished;
        int parent;       /* directory */
        int fd;           /* what is made, locked; -1: nothing yet */
} Place;

static void place_done(Place *p) {
        free(p->directory);
        free(p->name);
        free(p->unfinished);
        close_fd(p->parent);
        close_fd(p->fd);
}

static int exists(const Place *p, const ImageCopyRequest *q, Error **reterr) {
        error_set(reterr, EEXIST, "%s/%s is there already", p->directory, p->name);
        return error_hint(reterr, -EEXIST, "Choose another name, or remove it: `nbox remove %s`.", q->name);
}

static int place_take(const ImageCopyRequest *q, Place *p, Error **reterr) {
        struct stat st;

        p->directory = strndup(q->from->path, (size_t) (strrchr(q->from->path, '/') - q->from->path));
        if (!p->directory || asprintf(&p->name, "%s%s", q->name, q->from->type == IMAGE_DISK ? DISK_SUFFIX : "") < 0)
                return error_oom(reterr);
        p->unfinished = unfinished_name(p->name);
        if (!p->unfinished)
                return error_oom(reterr);
        p->parent = open(*p->directory ? p->directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (p->parent < 0)
                return error_errno(reterr, errno, "Cannot open %s", p->directory);
        if (fstatat(p->parent, p->name, &st, AT_SYMLINK_NOFOLLOW) >= 0)
                return exists(p, q, reterr);
        (void) unfinished_sweep(p->directory);
        return 0;
}

/* ---- what is made ---- */

static int begin_failed(const Place *p, int r, Error **reterr) {
        if (r == -EEXIST || r == -EBUSY)
                return error_set(reterr, EBUSY, "%s/%s is being made by another nbox", p->directory, p->name);
        error_errno(reterr, r, "Cannot make anything in %s", p->directory);
        return r == -EROFS ? error_hint(reterr, r, "A copy lies beside the image, on a file system that can be written to.") : r;
}

/* Made and locked; what a sweep took in between is made again. */
static int begin(Place *p, int (*make)(const Place *p, const ImageCopyRequest *q), const ImageCopyRequest *q, Error **reterr) {
        int r;

        do {
                r = make(p, q);
                if (r >= 0)
                        r = p->fd = unfinished_lock(p->parent, p->unfinished);
        } while (r == -ENOENT);
        return r < 0 ? begin_failed(p, r, reterr) : 0;
}

static int make_directory(const Place *p, _unused_ const ImageCopyRequest *q) {
        return mkdirat(p->parent, p->unfinished, 0700) < 0 ? -errno : 0;
}

static int make_snapshot(const Place *p, const ImageCopyRequest *q) {
        return btrfs_snapshot(q->from->fd, p->parent, p->unfinished, false);
}

static int make_file(const Place *p, _unused_ const ImageCopyRequest *q) {
        _cleanup_close_ int fd = openat(p->parent, p->unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : 0;
}

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

/* Whoever forbade to write to an image (machinectl read-only) did not mean its copies. */
static int copy_disk(const ImageCopyRequest *q, Place *p, Error **reterr) {
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        if (fstat(q->from->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", q->from->path);
        if (!S_ISREG(st.st_mode)) {
                error_set(reterr, EOPNOTSUPP, "%s is a block device, which nbox does not copy", q->from->path);
                return error_hint(reterr, -EOPNOTSUPP, "`dd if=%s of=%s/%s bs=1M conv=sparse` does.", q->from->path, p->directory, p->name);
        }
        r = begin(p, make_file, q, reterr);
        if (r < 0)
                return r;
        r = copy_file_into(q->from->fd, p->fd, p->name, q->watch, reterr);
        if (r < 0)
                return r;
        fd = fd_reopen(p->fd, O_RDWR);
        if (fd < 0 || fchmod(fd, (st.st_mode & 07777) | S_IWUSR) < 0)
                return error_errno(reterr, fd < 0 ? fd : -errno, "Cannot finish %s/%s", p->directory, p->name);
        return q->finish ? q->finish(fd, q->userdata, reterr) : 0;
}

static int copy_directory(const ImageCopyRequest *q, Place *p, Error **reterr) {
        bool is_snapshot = q->from->type == IMAGE_SUBVOLUME;
        int r = begin(p, is_snapshot ? make_snapshot : make_directory, q, reterr);

        if (r < 0)
                return r;
        if (q->from->type == IMAGE_LAYERED)
                r = copy_layers(q, p->fd, reterr);
        else if (!is_snapshot)
                r = copy_tree(q->from->fd, p->fd, q->watch, reterr);
        return r >= 0 && q->finish ? q->finish(p->fd, q->userdata, reterr) : r;
}

/* What has a name is on the disk. */
static int commit(const ImageCopyRequest *q, const Place *p, Error **reterr) {
        if (syncfs(p->fd) < 0)
                return error_errno(reterr, errno, "Cannot write %s/%s to the disk", p->directory, p->name);
        if (q->watch && q->watch->is_cancelled && q->watch->is_cancelled(q->watch->userdata))
                return error_set(reterr, ECANCELED, "The copying was interrupted");
        if (renameat2(p->parent, p->unfinished, p->parent, p->name, RENAME_NOREPLACE) < 0)
                return errno == EEXIST ? exists(p, q, reterr) :
                       error_errno(reterr, errno, "Cannot rename %s/%s", p->directory, p->unfinished);
        return 0;
}

int image_copy(const ImageCopyRequest *q, char **ret_path, Error **reterr) {
        _cleanup_(place_done) Place p = { .parent = -1, .fd = -1 };
        _cleanup_free_ char *path = NULL;
        int r = place_take(q, &p, reterr);

        if (r < 0)
                return r;
        if (asprintf(&path, "%s/%s", p.directory, p.name) < 0) {
                path = NULL;
                return error_oom(reterr);
        }
        r = q->from->type == IMAGE_DISK ? copy_disk(q, &p, reterr) : copy_directory(q, &p, reterr);
        if (r >= 0)
                r = commit(q, &p, reterr);
        if (r < 0 && p.fd >= 0)
                unfinished_remove(p.parent, p.unfinished);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(path);
        return 0;
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
