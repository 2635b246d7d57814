/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-add.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "change.h"
#include "fd.h"
#include "file.h"
#include "strv.h"
#include "unfinished.h"

static int make_change(const NewImage *n, const char *path, Change **ret, Error **reterr) {
        _cleanup_(change_freep) Change *c = calloc(1, sizeof(*c));
        const char *entry = strrchr(n->path, '/') + 1;
        int r;

        if (!c)
                return error_oom(reterr);
        c->kind = CHANGE_ADD;
        c->directory = strndup(n->path, (size_t) (entry - 1 - n->path));
        c->from = unfinished_name(entry);
        c->to = strdup(entry);
        if (!c->directory || !c->from || !c->to || strv_append(&c->paths, path) < 0)
                return error_oom(reterr);
        r = image_entry_identity(n->fd, &c->inode, &c->born_usec);
        if (r < 0)
                return error_errno(reterr, r, "Cannot look at what is to be %s", n->path);
        *ret = TAKE_PTR(c);
        return 0;
}

static int make_directory(const char *path) {
        _cleanup_free_ char *directory = strndup(path, (size_t) (strrchr(path, '/') - path));

        return directory ? mkdir_parents(directory, 0755) : -ENOMEM;
}

/* Nobody reads it before the image has its name; what is not whole goes again. */
static int write_settings(const ImageSettings *s, Error **reterr) {
        _cleanup_close_ int fd = -1;
        int r = make_directory(s->path);

        if (r >= 0)
                r = fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && r == -1)
                r = -errno;
        if (r >= 0)
                r = fd_write_all(fd, s->text, s->size);
        if (r >= 0 && (fchmod(fd, s->mode) < 0 || fsync(fd) < 0))
                r = -errno;
        return r < 0 ? error_errno(reterr, r, "Cannot write the settings file %s", s->path) : 0;
}

/* What takes long comes before the lock that others wait for. */
static int write_back(const NewImage *n, Error **reterr) {
        return syncfs(n->fd) < 0 ? error_errno(reterr, errno, "Cannot write %s to the disk", n->path) : 0;
}

static int add_locked(NewImage *n, const ImageSettings *settings, Error **reterr) {
        _cleanup_(change_freep) Change *c = NULL;
        struct stat st;
        int r, settled;

        /* What is there is not ours to take away, also not after a crash. */
        if (lstat(settings->path, &st) >= 0)
                return error_set(reterr, EEXIST, "%s is there already", settings->path);
        r = make_change(n, settings->path, &c, reterr);
        if (r >= 0)
                r = change_begin(c, reterr);
        if (r < 0)
                return r;
        r = write_settings(settings, reterr);
        if (r >= 0)
                r = new_image_finish(n, reterr);
        settled = change_settle(c, r < 0 ? NULL : reterr);
        return r < 0 ? r : settled;
}

int image_add(NewImage *n, const ImageSettings *settings, Error **reterr) {
        _cleanup_close_ int lock = -1;
        int r;

        if (!settings)
                return new_image_finish(n, reterr);
        r = write_back(n, reterr);
        if (r < 0)
                return r;
        lock = change_lock(reterr);
        return lock < 0 ? lock : add_locked(n, settings, reterr);
}
