/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "new-image.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "btrfs.h"
#include "discard.h"
#include "entry.h"
#include "fd.h"
#include "layer-info.h"
#include "log.h"
#include "read-only.h"
#include "unfinished.h"

#define DISK_SUFFIX ".raw"

typedef struct NewImagePlace {
        NewImageWish wish;
        char *directory;
        char *name;        /* the image's */
        char *file;        /* its name in the directory: the same, or with ".raw" */
        char *hidden;      /* what it has meanwhile */
        char *hidden_path;
        int parent;        /* the directory */
        int lock;          /* of what has the hidden name (unfinished.h) */
        bool is_made;      /* there is something of the hidden name that is ours */
} NewImagePlace;

static void place_free(NewImagePlace *p) {
        if (!p)
                return;
        if (p->is_made)
                unfinished_remove(p->parent, p->hidden);
        free(p->directory);
        free(p->name);
        free(p->file);
        free(p->hidden);
        free(p->hidden_path);
        close_fd(p->parent);
        close_fd(p->lock);
        free(p);
}

NewImage *new_image_free(NewImage *n) {
        if (!n)
                return NULL;
        place_free(n->place);
        free(n->path);
        close_fd(n->fd);
        free(n);
        return NULL;
}

const char *new_image_hidden_path(const NewImage *n) {
        return n->place->hidden_path;
}

/* ---- its place ---- */

static int exists(const NewImage *n, Error **reterr) {
        error_set(reterr, EEXIST, "%s is there already", n->path);
        if (image_is_found_by_name(n->path))
                return error_hint(reterr, -EEXIST, "Choose another name, or remove it: `nbox remove %s`.", n->place->name);
        return error_hint(reterr, -EEXIST, "Choose another name, or boot it: `nbox boot %s`.", n->path);
}

static bool replaces_in_place(const NewImagePlace *p) {
        return p->wish.replace && strcmp(p->wish.replace->file, p->file) == 0;
}

static int check_name(const NewImage *n, Error **reterr) {
        const NewImagePlace *p = n->place;
        struct stat st;

        if (replaces_in_place(p))
                return 0;
        if (fstatat(p->parent, p->file, &st, AT_SYMLINK_NOFOLLOW) >= 0)
                return exists(n, reterr);
        return p->wish.replace || !image_is_found_by_name(n->path) ? 0 : image_name_is_free(p->name, reterr);
}

static int fill_place(const NewImageWish *wish, NewImage *n, Error **reterr) {
        NewImagePlace *p = n->place;
        const char *directory = wish->directory ?: IMAGE_DIRECTORY;
        const char *slash = strcmp(directory, "/") == 0 ? "" : "/";

        p->wish = *wish;
        p->directory = strdup(directory);
        p->name = strdup(wish->name);
        if (!p->directory || !p->name || asprintf(&p->file, "%s%s", wish->name, wish->kind == NEW_DISK ? DISK_SUFFIX : "") < 0)
                return error_oom(reterr);
        p->hidden = unfinished_name(p->file);
        if (!p->hidden || asprintf(&n->path, "%s%s%s", directory, slash, p->file) < 0 ||
            asprintf(&p->hidden_path, "%s%s%s", directory, slash, p->hidden) < 0)
                return error_oom(reterr);
        if (strlen(p->hidden) > NAME_MAX)
                return error_set(reterr, ENAMETOOLONG, "The name '%.40s…' is too long for an image", wish->name);
        return 0;
}

static int open_place(NewImagePlace *p, Error **reterr) {
        if (!p->wish.directory && mkdir(IMAGE_DIRECTORY, 0700) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make " IMAGE_DIRECTORY);
        p->parent = open(p->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return p->parent < 0 ? error_errno(reterr, errno, "Cannot open %s", p->directory) : 0;
}

/* ---- what is made ---- */

static int make_directory(const NewImagePlace *p) {
        return mkdirat(p->parent, p->hidden, 0700) < 0 ? -errno : 0;
}

static int make_tree(const NewImagePlace *p) {
        int r = btrfs_create(p->parent, p->hidden);

        return r == -EOPNOTSUPP ? make_directory(p) : r;
}

static int make_file(const NewImagePlace *p) {
        _cleanup_close_ int fd = openat(p->parent, p->hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : 0;
}

static int make_any(const NewImagePlace *p) {
        switch (p->wish.kind) {
        case NEW_TREE:
                return make_tree(p);
        case NEW_DIRECTORY:
                return make_directory(p);
        case NEW_SNAPSHOT:
                return btrfs_snapshot(p->wish.snapshot_of, p->parent, p->hidden, false);
        case NEW_DISK:
                return make_file(p);
        case NEW_LAYERED:
                break;
        }
        return -EINVAL;
}

static int begin_failed(const NewImagePlace *p, int r, Error **reterr) {
        if (r == -EEXIST || r == -EBUSY)
                return error_set(reterr, EBUSY, "%s/%s is being made by another nbox", p->directory, p->file);
        error_errno(reterr, r, "Cannot make anything in %s", p->directory);
        return r == -EROFS ? error_hint(reterr, r, "A new image needs a file system that can be written to.") : r;
}

/* Made and locked; what a sweep took in between is made again. */
static int make_locked(NewImagePlace *p, Error **reterr) {
        struct stat st;
        int r;

        do {
                r = make_any(p);
                if (r < 0)
                        return begin_failed(p, r, reterr);
                p->lock = unfinished_lock(p->parent, p->hidden);
        } while (p->lock == -ENOENT);
        if (p->lock < 0)
                return begin_failed(p, p->lock, reterr);
        if (fstat(p->lock, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", p->hidden_path);
        if (st.st_uid != geteuid() && p->wish.kind != NEW_SNAPSHOT) /* in a directory of somebody else's it may have been exchanged */
                return error_set(reterr, EACCES, "%s is not ours", p->hidden_path);
        p->is_made = true;
        return 0;
}

static int open_for_maker(const NewImagePlace *p, int *ret, Error **reterr) {
        bool is_file = p->wish.kind == NEW_DISK;
        int fd = fd_reopen(p->lock, is_file ? O_RDWR : O_RDONLY | O_DIRECTORY);

        if (fd < 0)
                return error_errno(reterr, fd, "Cannot open %s", p->hidden_path);
        *ret = fd;
        if (p->wish.kind == NEW_TREE && fchmod(fd, 0700) < 0) /* a subvolume is 0755 at first */
                return error_errno(reterr, errno, "Cannot set the mode of %s", p->hidden_path);
        return 0;
}

int new_image_begin(const NewImageWish *wish, NewImage **ret, Error **reterr) {
        _cleanup_(new_image_freep) NewImage *n = calloc(1, sizeof(*n));
        int r;

        if (!n || !(n->place = calloc(1, sizeof(*n->place)))) {
                n = (free(n), NULL);
                return error_oom(reterr);
        }
        n->fd = n->place->parent = n->place->lock = -1;
        r = fill_place(wish, n, reterr);
        if (r >= 0)
                r = open_place(n->place, reterr);
        if (r >= 0)
                r = check_name(n, reterr);
        if (r < 0)
                return r;
        (void) unfinished_sweep(n->place->directory);
        if (wish->kind != NEW_LAYERED) {
                r = make_locked(n->place, reterr);
                if (r >= 0)
                        r = open_for_maker(n->place, &n->fd, reterr);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(n);
        return 0;
}

/* ---- its name ---- */

static int check_cancelled(const NewImagePlace *p, Error **reterr) {
        const CopyWatch *watch = p->wish.watch;

        if (watch && watch->is_cancelled && watch->is_cancelled(watch->userdata))
                return error_set(reterr, ECANCELED, "Interrupted");
        return 0;
}

/* A directory with the mark can neither be renamed nor exchanged: killed after this, the old one may be written to. */
static int unmark_old(const NewImagePlace *p, Error **reterr) {
        const ImageEntry *old = p->wish.replace;
        int r;

        if (!image_entry_is(old->dir, old->file, old->inode, old->born_usec)) {
                error_set(reterr, EAGAIN, "%s/%s has just been changed by another command", old->directory, old->file);
                return error_hint(reterr, -EAGAIN, "Try again.");
        }
        r = immutable_is_set(old->dir, old->file) ? immutable_set(old->dir, old->file, false) : 0;
        return r < 0 ? error_errno(reterr, r, "Cannot take the read-only attribute from %s/%s", old->directory, old->file) : 0;
}

/* It has no name but a hidden one any more: what is not removed now is by the next sweep. */
static void discard_old(int dir, const char *hidden) {
        _cleanup_(error_freep) Error *error = NULL;

        if (discard(dir, hidden, &error) < 0)
                log_warning("What was replaced: %s, leaving it to `nbox gc`", error->message);
}

static int rename_failed(const NewImage *n, int r, Error **reterr) {
        if (r == -EEXIST)
                return exists(n, reterr);
        return error_errno(reterr, r, "Cannot rename %s", n->place->hidden_path);
}

static int exchange(const NewImage *n, const char *hidden, Error **reterr) {
        const NewImagePlace *p = n->place;
        int r = unmark_old(p, reterr);

        if (r < 0)
                return r;
        if (renameat2(p->parent, hidden, p->parent, p->file, RENAME_EXCHANGE) < 0)
                return rename_failed(n, -errno, reterr);
        (void) fsync(p->parent);
        discard_old(p->parent, hidden);
        return 0;
}

/* An image whose file has another name, out of the way of the one that has been given the name. */
static int remove_other(const NewImagePlace *p, Error **reterr) {
        const ImageEntry *old = p->wish.replace;
        _cleanup_free_ char *hidden = discard_name();
        int r = hidden ? unmark_old(p, reterr) : error_oom(reterr);

        if (r < 0)
                return r;
        if (renameat2(old->dir, old->file, old->dir, hidden, RENAME_NOREPLACE) < 0)
                return error_errno(reterr, errno, "Cannot rename %s/%s", old->directory, old->file);
        (void) fsync(old->dir);
        discard_old(old->dir, hidden);
        return 0;
}

static int take_name(NewImage *n, Error **reterr) {
        NewImagePlace *p = n->place;
        int r;

        if (replaces_in_place(p)) {
                r = exchange(n, p->hidden, reterr);
                p->is_made = r < 0;
                return r;
        }
        if (renameat2(p->parent, p->hidden, p->parent, p->file, RENAME_NOREPLACE) < 0)
                return rename_failed(n, -errno, reterr);
        p->is_made = false;
        return p->wish.replace ? remove_other(p, reterr) : 0;
}

/* A directory's mark keeps it from being renamed, and comes last. */
static int mark_read_only(const NewImage *n, bool is_named, Error **reterr) {
        const NewImagePlace *p = n->place;
        bool marks_directory = p->wish.kind != NEW_DISK && !btrfs_is_subvolume(n->fd);
        int r = 0;

        if (!p->wish.read_only || marks_directory != is_named)
                return 0;
        if (p->wish.kind == NEW_DISK)
                r = fchmod(n->fd, 0400) < 0 ? -errno : 0;
        else
                r = marks_directory ? immutable_set(p->parent, p->file, true) : btrfs_set_read_only(n->fd, true);
        return r < 0 ? error_errno(reterr, r, "Cannot make %s read-only", n->path) : 0;
}

int new_image_finish(NewImage *n, Error **reterr) {
        int r = mark_read_only(n, false, reterr);

        if (r >= 0 && syncfs(n->fd) < 0)
                r = error_errno(reterr, errno, "Cannot write %s to the disk", n->path);
        if (r >= 0)
                r = check_cancelled(n->place, reterr);
        if (r >= 0)
                r = take_name(n, reterr);
        return r < 0 ? r : mark_read_only(n, true, reterr);
}

/* ---- on layers ---- */

/* A link of a hidden name of its own, to be exchanged for the old image. A sweep may take it for a dead maker's: it is made again then. */
static int exchange_link(const NewImage *n, const char *text, Error **reterr) {
        const NewImagePlace *p = n->place;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *hidden = discard_name();
        int r = hidden ? 0 : error_oom(reterr);

        if (r < 0)
                return r;
        do {
                error = (error_free(error), NULL);
                if (symlinkat(text, p->parent, hidden) < 0)
                        return error_errno(reterr, errno, "Cannot make a link in %s", p->directory);
                r = exchange(n, hidden, &error);
                if (r < 0)
                        (void) unlinkat(p->parent, hidden, 0);
        } while (r == -ENOENT);
        return r < 0 ? error_pass(reterr, r, &error) : 0;
}

int new_image_finish_layered(NewImage *n, const Store *s, const Layer *own, Error **reterr) {
        NewImagePlace *p = n->place;
        char text[LAYER_LINK_MAX];
        int r = 0;

        if (p->wish.read_only && (r = immutable_set(own->fd, "tree", true)) < 0)
                return error_errno(reterr, r, "Cannot make %s read-only", n->path);
        if (syncfs(p->parent) < 0)
                return error_errno(reterr, errno, "Cannot write %s to the disk", n->path);
        r = check_cancelled(p, reterr);
        if (r < 0)
                return r;
        layer_link(own->id, text);
        if (replaces_in_place(p))
                return exchange_link(n, text, reterr);
        r = store_point(s, p->file, own->id, true, reterr);
        return r >= 0 && p->wish.replace ? remove_other(p, reterr) : r;
}
