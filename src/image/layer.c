/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layer.h"

/* A layer comes to be in a directory of its own name, which nothing knows yet: whoever is killed here leaves garbage. It is held by a
 * lock on that directory from the moment after it was made; a sweep that came in between has removed it, and another is made.
 *
 * Whatever refers to a layer later must find its info: it is the only thing here whose loss would be that of an image, so it is written
 * through to the disk. The links need no more than the order that every journal keeps. */

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "clock.h"
#include "fd.h"
#include "layer-info.h"
#include "text.h"

void layer_free(Layer *l) {
        if (!l)
                return;
        free(l->from);
        close_fd(l->fd);
        close_fd(l->tree);
        free(l);
}

void layer_chain_free(Layer **chain, size_t n) {
        for (size_t i = 0; i < n; i++)
                layer_free(chain[i]);
        free(chain);
}

static void layer_path(const char *id, char ret[LAYER_LINK_MAX]) {
        snprintf(ret, LAYER_LINK_MAX, "layers/%s", id);
}

/* Open and hold it. -ENOENT where it is not there, or on its way out. */
static int hold(const Store *s, const char *id) {
        char path[LAYER_LINK_MAX];
        _cleanup_close_ int fd = -1;
        struct stat st, now;

        layer_path(id, path);
        fd = store_open_beneath(s->fd, path, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_SH | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -ENOENT : -errno;
        if (fstat(fd, &st) < 0 || fstatat(s->fd, path, &now, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return st.st_dev == now.st_dev && st.st_ino == now.st_ino ? TAKE_FD(fd) : -ENOENT;
}

static Layer *layer_alloc(void) {
        Layer *l = calloc(1, sizeof(*l));

        if (l)
                l->fd = l->tree = -1;
        return l;
}

static int write_info(const Layer *l) {
        _cleanup_free_ char *text = layer_info_format(l);
        _cleanup_close_ int fd = -1;
        int r;

        if (!text)
                return -ENOMEM;
        fd = openat(l->fd, "info", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, text, strlen(text));
        return r >= 0 && fsync(fd) < 0 ? -errno : r;
}

int layer_begin(const Store *s, const char *parent, const char *from, Layer **ret, Error **reterr) {
        _cleanup_(layer_freep) Layer *l = layer_alloc();
        int r;

        if (!l || string_set(&l->from, from) < 0)
                return error_oom(reterr);
        strcpy(l->parent, parent);
        l->made_usec = clock_usec(CLOCK_REALTIME);
        do {
                char path[LAYER_LINK_MAX];

                r = layer_id_new(l->id);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot choose a name for a layer");
                layer_path(l->id, path);
                if (mkdirat(s->fd, path, 0700) < 0)
                        return error_errno(reterr, errno, "Cannot make a layer in %s", s->directory);
                l->fd = hold(s, l->id);
        } while (l->fd == -ENOENT);
        if (l->fd < 0)
                return error_errno(reterr, l->fd, "Cannot hold a new layer in %s", s->directory);
        r = write_info(l);
        if (r < 0)
                return error_errno(reterr, r, "Cannot write what is to be known of a new layer in %s", s->directory);
        *ret = TAKE_PTR(l);
        return 0;
}

int layer_make_tree(Layer *l, int like, Error **reterr) {
        _cleanup_close_ int tree = -1;
        struct stat st;
        int r = 0;

        if (mkdirat(l->fd, "tree", 0755) < 0 || mkdirat(l->fd, "work", 0700) < 0 ||
            (tree = openat(l->fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
                return error_errno(reterr, errno, "Cannot make a new layer's directories");
        if (like >= 0) {
                r = directory_take_attributes(tree, like);
                /* whoever mounts the layer has but the tree's ids mapped, and is nobody to files of others */
                if (r >= 0 && (fstat(tree, &st) < 0 || fchownat(l->fd, "work", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
                               fchown(l->fd, st.st_uid, st.st_gid) < 0))
                        r = -errno;
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot give a new layer's top directory the attributes of what it stands on");
        l->tree = store_open_beneath(l->fd, "tree", O_PATH | O_DIRECTORY);
        return l->tree < 0 ? error_errno(reterr, l->tree, "Cannot open a new layer") : 0;
}

int layer_new(const Store *s, const char *parent, const char *from, Layer **ret, Error **reterr) {
        _cleanup_(layer_freep) Layer *below = NULL, *l = NULL;
        int r = 0;

        if (*parent)
                r = layer_open(s, parent, &below, reterr);
        if (r >= 0)
                r = layer_begin(s, parent, from, &l, reterr);
        if (r >= 0)
                r = layer_make_tree(l, below ? below->tree : -1, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(l);
        return r;
}

static int damaged(const Store *s, const char *id, const char *what, int r, Error **reterr) {
        error_errno(reterr, r, "The layer %s in %s/" STORE_NAME "/layers is damaged: %s", id, s->directory, what);
        return error_hint(reterr, r, "Take it, or all of %s/" STORE_NAME ", from a backup.", s->directory);
}

static int read_info(Layer *l) {
        _cleanup_close_ int fd = store_open_beneath(l->fd, "info", O_RDONLY | O_NONBLOCK | O_NOCTTY);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t size;
        int r;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        r = fd_read_all(fd, LAYER_INFO_MAX, &text, &size);
        if (r < 0)
                return r;
        return strlen(text) == size ? layer_info_parse(l, text) : -EBADMSG;
}

int layer_open(const Store *s, const char *id, Layer **ret, Error **reterr) {
        _cleanup_(layer_freep) Layer *l = layer_alloc();
        int r;

        if (!l)
                return error_oom(reterr);
        if (!layer_id_is_valid(id))
                return error_set(reterr, EINVAL, "'%.40s' is not a layer's name", id);
        strcpy(l->id, id);
        l->fd = hold(s, id);
        if (l->fd == -ENOENT)
                return damaged(s, id, "it is missing", -ENOENT, reterr);
        if (l->fd < 0)
                return error_errno(reterr, l->fd, "Cannot open the layer %s in %s", id, s->directory);
        r = read_info(l);
        if (r < 0)
                return damaged(s, id, "its file 'info'", r, reterr);
        l->tree = store_open_beneath(l->fd, "tree", O_PATH | O_DIRECTORY);
        if (l->tree < 0)
                return damaged(s, id, "its directory 'tree'", l->tree, reterr);
        *ret = TAKE_PTR(l);
        return 0;
}

static int too_long(const Store *s, const char *id, Error **reterr) {
        error_set(reterr, E2BIG, "More than %d layers lie beneath the layer %s in %s", LAYERS_MAX, id, s->directory);
        return error_hint(reterr, -E2BIG,
                          "`nbox clone --copy` makes one tree of what such an image is; snapshots that go make its chain no shorter.");
}

int layer_chain(const Store *s, const char *id, Layer ***ret, size_t *ret_n, Error **reterr) {
        Layer **chain = calloc(LAYERS_MAX, sizeof(*chain));
        const char *next = id;
        size_t n = 0;
        int r = chain ? 0 : error_oom(reterr);

        while (r >= 0 && *next) {
                for (size_t i = 0; r >= 0 && i < n; i++)
                        if (strcmp(chain[i]->id, next) == 0)
                                r = damaged(s, next, "it lies beneath itself", -ELOOP, reterr);
                if (r >= 0 && n == LAYERS_MAX)
                        r = too_long(s, id, reterr);
                if (r >= 0)
                        r = layer_open(s, next, &chain[n], reterr);
                if (r >= 0)
                        next = chain[n++]->parent;
        }
        if (r < 0) {
                layer_chain_free(chain, n);
                return r;
        }
        *ret = chain;
        *ret_n = n;
        return 0;
}

int layer_of_image(const Image *image, char ret[LAYER_ID_SIZE]) {
        memcpy(ret, image->layer, LAYER_ID_SIZE);
        return *ret != 0;
}
