/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

/* What is still wanted is found by going through all that refers to layers, under the lock: nothing can begin to refer to one meanwhile.
 * Where any of that cannot be read, nothing is removed at all: a layer too many costs room, one too few an image.
 *
 * The lock is held for renames only. What is no layer any more lies in trash/, and is deleted without it; where that
 * is cut short, the next sweep goes on. */

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "btrfs.h"
#include "fd.h"
#include "layer.h"
#include "layer-info.h"
#include "lock.h"
#include "log.h"
#include "remove.h"
#include "strv.h"

typedef struct Wanted {
        char **own;  /* ids of layers that images write to */
        char **all;  /* these, those of snapshots, and all that they stand on */
} Wanted;

static void wanted_done(Wanted *w) {
        strv_free(w->own);
        strv_free(w->all);
}

/* All entries but those of the directory itself. */
static struct dirent *next_entry(DIR *d) {
        struct dirent *e;

        while ((errno = 0, e = readdir(d)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        return e;
        return NULL;
}

static int want(const Store *s, Wanted *w, const char *id, Error **reterr) {
        Layer **chain = NULL;
        size_t n = 0;
        int r;

        if (strv_contains(w->all, id))
                return 0;
        r = layer_chain(s, id, &chain, &n, reterr);
        for (size_t i = 0; r >= 0 && i < n && !strv_contains(w->all, chain[i]->id); i++)
                r = strv_append(&w->all, chain[i]->id) < 0 ? error_oom(reterr) : 0;
        layer_chain_free(chain, n);
        return r;
}

static int want_images(const Store *s, Wanted *w, Error **reterr) {
        _cleanup_closedir_ DIR *d = fd_opendir(s->parent, ".");
        struct dirent *e;
        int r = d ? 0 : -errno;

        while (r >= 0 && (e = next_entry(d))) {
                char id[LAYER_ID_SIZE];

                r = layer_read_link(s->parent, e->d_name, id);
                if (r > 0 && strv_append(&w->own, id) < 0)
                        r = -ENOMEM;
        }
        if (r >= 0)
                r = -errno;
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", s->directory);
        for (char **id = w->own; id && *id; id++) {
                r = want(s, w, *id, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool is_finished(const Store *s, const Wanted *w, const char *layer) {
        return !strv_contains(w->own, layer) && store_snapshot_is_finished(s, layer, "");
}

/* The snapshots of one image. Those that were never finished go. */
static int want_snapshots_of(const Store *s, Wanted *w, DIR *d, Error **reterr) {
        struct dirent *e;
        int r;

        while ((e = next_entry(d))) {
                char id[LAYER_ID_SIZE];

                r = layer_read_snapshot_link(dirfd(d), e->d_name, id);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot read the snapshot '%s' in %s", e->d_name, s->directory);
                if (r == 0)
                        continue;
                if (!is_finished(s, w, id)) {
                        (void) unlinkat(dirfd(d), e->d_name, 0);
                        continue;
                }
                r = want(s, w, id, reterr);
                if (r < 0)
                        return r;
        }
        return errno ? error_errno(reterr, errno, "Cannot read the snapshots in %s", s->directory) : 0;
}

static int want_snapshots(const Store *s, Wanted *w, Error **reterr) {
        _cleanup_closedir_ DIR *all = fd_opendir(s->fd, "snapshots");
        struct dirent *e;

        if (!all)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot read the snapshots in %s", s->directory);
        while ((e = next_entry(all))) {
                _cleanup_closedir_ DIR *d = fd_opendir(dirfd(all), e->d_name);
                int r = d ? want_snapshots_of(s, w, d, reterr) : errno == ENOTDIR ? 0 :
                        error_errno(reterr, errno, "Cannot read the snapshots in %s", s->directory);

                if (r < 0)
                        return r;
        }
        return errno ? error_errno(reterr, errno, "Cannot read the snapshots in %s", s->directory) : 0;
}

/* A machine that began on a plain tree, to read it only, has that tree's lock and not its layer's, which was made of the tree beneath
 * it. */
static int is_in_use_as_tree(int layer) {
        _cleanup_close_ int tree = openat(layer, "tree", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return tree < 0 ? 0 : image_lock_is_held(tree);
}

/* Nobody's, for good: whoever had it held would have a lock on it, and nobody finds it any more. */
static int throw_away(const Store *s, DIR *layers, const char *id) {
        _cleanup_close_ int fd = openat(dirfd(layers), id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), trash = -1;
        int r;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? 0 : -errno;
        r = is_in_use_as_tree(fd);
        if (r != 0)
                return r < 0 ? r : 0;
        if (mkdirat(s->fd, "trash", 0700) < 0 && errno != EEXIST)
                return -errno;
        trash = store_open_beneath(s->fd, "trash", O_RDONLY | O_DIRECTORY);
        if (trash < 0)
                return trash;
        return renameat(dirfd(layers), id, trash, id) < 0 ? -errno : 1;
}

static int throw_away_unwanted(const Store *s, const Wanted *w, Error **reterr) {
        _cleanup_closedir_ DIR *layers = fd_opendir(s->fd, "layers");
        struct dirent *e;
        int n = 0;

        if (!layers)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot read the layers in %s", s->directory);
        while ((e = next_entry(layers))) {
                int r = 0;

                if (layer_id_is_valid(e->d_name) && !strv_contains(w->all, e->d_name))
                        r = throw_away(s, layers, e->d_name);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot take the layer %s out of %s", e->d_name, s->directory);
                n += r;
        }
        return errno ? error_errno(reterr, errno, "Cannot read the layers in %s", s->directory) : n;
}

/* A directory or subvolume, with the attribute that read-only sets or without it. */
static int remove_it(int dir, const char *name) {
        _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd >= 0 && btrfs_is_subvolume(fd))
                return btrfs_remove(dir, name);
        if (fd >= 0)
                remove_flags(fd);
        return remove_tree(dir, name);
}

/* What was a layer, or a tree or subvolume itself. */
static int remove_thrown_away(int trash, const char *name) {
        _cleanup_close_ int fd = openat(trash, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int r = fd >= 0 && !btrfs_is_subvolume(fd) ? remove_it(fd, "tree") : 0;

        return r < 0 ? r : remove_it(trash, name);
}

static int empty_trash(const Store *s, Error **reterr) {
        _cleanup_closedir_ DIR *trash = fd_opendir(s->fd, "trash");
        struct dirent *e;
        int r = 0;

        if (!trash)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot read %s/" STORE_NAME "/trash", s->directory);
        while ((e = next_entry(trash))) {
                int k = remove_thrown_away(dirfd(trash), e->d_name);

                if (k < 0 && r >= 0)
                        r = error_errno(reterr, k, "Cannot remove %s/" STORE_NAME "/trash/%s", s->directory, e->d_name);
        }
        return r;
}

int store_sweep(const Store *s, Error **reterr) {
        _cleanup_(wanted_done) Wanted wanted = {};
        _cleanup_close_ int lock = store_try_lock(s);
        int n, r;

        if (lock == -EBUSY)
                return 0;
        if (lock < 0)
                return error_errno(reterr, lock, "Cannot lock %s/" STORE_NAME, s->directory);
        (void) unlinkat(s->fd, "next", 0); /* of whoever was killed in store_point() */
        r = want_images(s, &wanted, reterr);
        if (r >= 0)
                r = want_snapshots(s, &wanted, reterr);
        n = r >= 0 ? throw_away_unwanted(s, &wanted, reterr) : r;
        if (n < 0)
                return n;
        lock = close_fd(lock);
        r = empty_trash(s, reterr);
        return r < 0 ? r : n;
}
