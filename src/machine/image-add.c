/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-add.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "change.h"
#include "fd.h"
#include "file.h"
#include "log.h"
#include "strv.h"
#include "unfinished.h"

typedef struct Addition {
        NewImage *image;
        const ImageSettings *settings;
        const Store *store; /* on layers; else NULL */
        const Layer *own;
} Addition;

/* Who it will be, once it has its name. */
static int name_image(const Addition *a, const char *entry, Change *c, Error **reterr) {
        int r = 0;

        if (a->own)
                c->from = strdup(a->own->id);
        else {
                c->from = unfinished_name(entry);
                r = image_entry_identity(a->image->fd, &c->inode, &c->born_usec);
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot look at what is to be %s", a->image->path);
        return c->from ? 0 : error_oom(reterr);
}

static int make_change(const Addition *a, Change **ret, Error **reterr) {
        _cleanup_(change_freep) Change *c = calloc(1, sizeof(*c));
        const char *path = a->image->path, *entry = strrchr(path, '/') + 1;
        int r;

        if (!c)
                return error_oom(reterr);
        c->kind = CHANGE_ADD;
        c->directory = strndup(path, (size_t) (entry - 1 - path));
        c->to = strdup(entry);
        if (!c->directory || !c->to || strv_append(&c->paths, a->settings->path) < 0)
                return error_oom(reterr);
        r = name_image(a, entry, c, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(c);
        return r;
}

static int make_directory(const char *path) {
        _cleanup_free_ char *directory = strndup(path, (size_t) (strrchr(path, '/') - path));

        return directory ? mkdir_parents(directory, 0755) : -ENOMEM;
}

static int fill(int fd, const ImageSettings *s) {
        int r = fd_write_all(fd, s->text, s->size);

        return r < 0 ? r : fchmod(fd, s->mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Nobody reads it before the image has its name; what is not whole goes again. */
static int write_settings(const ImageSettings *s, Error **reterr) {
        _cleanup_close_ int fd = -1;
        int r = make_directory(s->path);

        if (r >= 0) {
                fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
                r = fd < 0 ? -errno : fill(fd, s);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot write the settings file %s", s->path) : 0;
}

static int finish(const Addition *a, Error **reterr) {
        _cleanup_close_ int lock = -1;

        if (!a->own)
                return new_image_finish(a->image, reterr);
        lock = store_lock(a->store, reterr);
        return lock < 0 ? lock : new_image_finish_layered(a->image, a->store, a->own, reterr);
}

static int add_locked(const Addition *a, Error **reterr) {
        _cleanup_(error_freep) Error *unsettled = NULL;
        _cleanup_(change_freep) Change *c = NULL;
        struct stat st;
        int r;

        /* What is there is not ours to take away, also not after a crash. */
        if (lstat(a->settings->path, &st) >= 0)
                return error_set(reterr, EEXIST, "%s is there already", a->settings->path);
        r = make_change(a, &c, reterr);
        if (r >= 0)
                r = change_begin(c, reterr);
        if (r < 0)
                return r;
        r = write_settings(a->settings, reterr);
        if (r >= 0)
                r = finish(a, reterr);
        /* it is there, with all that belongs to it: what is left to do, the next nbox does */
        if (change_settle(c, &unsettled) < 0)
                log_warning("%s, ignoring", unsettled->message);
        return r;
}

static int add(const Addition *a, Error **reterr) {
        _cleanup_close_ int lock = -1;

        if (!a->settings)
                return finish(a, reterr);
        /* what takes long comes before the lock that others wait for */
        if (syncfs(a->own ? a->own->fd : a->image->fd) < 0)
                return error_errno(reterr, errno, "Cannot write %s to the disk", a->image->path);
        lock = change_lock(reterr);
        return lock < 0 ? lock : add_locked(a, reterr);
}

int image_add(NewImage *n, const ImageSettings *settings, Error **reterr) {
        return add(&(Addition){ .image = n, .settings = settings }, reterr);
}

int image_add_layered(NewImage *n, const Store *s, const Layer *own, const ImageSettings *settings, Error **reterr) {
        return add(&(Addition){ n, settings, s, own }, reterr);
}
