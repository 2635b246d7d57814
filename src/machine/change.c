/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "console-log.h"
#include "file.h"
#include "identity.h"
#include "layer-info.h"
#include "log.h"
#include "machine-leases.h"
#include "machine-order.h"
#include "read-only.h"
#include "remove.h"
#include "store.h"
#include "strv.h"

#define TEXT_MAX ((size_t) 256 * 1024)

/* ---- the file ---- */

bool change_is_begun(void) {
        return access(CHANGE_FILE, F_OK) >= 0;
}

static int take_lock(Error **reterr) {
        _cleanup_close_ int fd = -1;
        int r = mkdir_parents(CHANGE_DIRECTORY, 0700);

        if (r < 0)
                return error_errno(reterr, r, "Cannot make " CHANGE_DIRECTORY);
        fd = open(CHANGE_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open " CHANGE_DIRECTORY);
        while (flock(fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot lock " CHANGE_DIRECTORY);
        return TAKE_FD(fd);
}

static int sync_path(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

#define TEMPORARY CHANGE_FILE ".new"

int change_begin(const Change *c, Error **reterr) {
        _cleanup_free_ char *text = change_format(c);
        int r;

        if (!text)
                return error_oom(reterr);
        r = file_replace_by(TEMPORARY, CHANGE_FILE, text, 0600);
        if (r >= 0)
                r = sync_path(CHANGE_FILE);
        if (r >= 0)
                r = sync_path(CHANGE_DIRECTORY);
        if (r < 0)
                (void) unlink(CHANGE_FILE);
        return r < 0 ? error_errno(reterr, r, "Cannot write down in " CHANGE_FILE " what is to be done") : 0;
}

/* What has been done must be on the disk before what tells of it goes. */
static void sync_parents(char *const *paths) {
        for (; paths && *paths; paths++) {
                _cleanup_free_ char *parent = strdup(*paths);

                if (!parent)
                        continue;
                *strrchr(parent, '/') = 0;
                (void) sync_path(parent);
        }
}

static int end(const Change *c, Error **reterr) {
        (void) sync_path(c->directory);
        sync_parents(c->paths);
        (void) sync_path(IDENTITY_DIRECTORY);
        return unlink(CHANGE_FILE) < 0 ? error_errno(reterr, errno, "Cannot remove " CHANGE_FILE) : 0;
}

/* ---- what goes with the image ---- */

/* Of all that is done, the first that failed is the caller's error; what else did is only warned of, as is all where nobody asks. */
typedef struct Losses {
        int r;
        Error **reterr;
} Losses;

/* `error` is looked at only when the call beside it has been made: hence its address. Freed. */
static void lose(Losses *l, int r, Error **error) {
        bool is_first = l->r >= 0 && l->reterr;

        if (r < 0 && is_first && *error)
                (void) error_pass(l->reterr, r, error);
        else if (r < 0 && is_first)
                (void) error_oom(l->reterr);
        else if (r < 0)
                log_warning("%s, ignoring", *error ? (*error)->message : strerror(-r));
        if (l->r >= 0 && r < 0)
                l->r = r;
        error_freep(error);
        *error = NULL;
}

static int rename_path(const char *from, const char *to, Error **reterr) {
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0 && errno != ENOENT)
                return errno == EEXIST ? error_set(reterr, EEXIST, "%s is there already, which is what %s would become: somebody has just made it", to, from)
                                       : error_errno(reterr, errno, "Cannot rename %s to %s", from, to);
        return 0;
}

/* Who renames has looked before; what is there now is somebody's who was quicker. */
static int image_is_there(const Change *c, Error **reterr) {
        error_set(reterr, EEXIST, "There is an image '%s' already: another command has just made it", c->new_machine ?: c->to);
        return error_hint(reterr, -EEXIST, "`nbox image-status %s` shows it.", c->new_machine ?: c->to);
}

/* Bring all that goes with a renamed image to where the image is. */
static int carry(const Change *c, bool forward, Error **reterr) {
        const char *from = forward ? c->machine : c->new_machine, *to = forward ? c->new_machine : c->machine;
        Losses l = { .reterr = reterr };
        Error *error = NULL;

        for (size_t i = 0; c->paths && c->paths[i]; i++)
                lose(&l, rename_path(forward ? c->paths[i] : c->new_paths[i], forward ? c->new_paths[i] : c->paths[i], &error), &error);
        if (!from || !to)
                return l.r;
        lose(&l, identity_rename(from, to, &error), &error);
        lose(&l, console_log_rename(from, to, &error), &error);
        lose(&l, machine_leases_rename(from, to, &error), &error);
        lose(&l, machine_order_rename(from, to, &error), &error);
        return l.r;
}

static int remove_path(const char *path, Error **reterr) {
        _cleanup_free_ char *parent = strdup(path);
        _cleanup_close_ int dir = -1;
        char *slash;
        int r;

        if (!parent)
                return error_oom(reterr);
        slash = strrchr(parent, '/');
        *slash = 0;
        dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = dir < 0 ? -errno : remove_tree(dir, slash + 1);
        return r < 0 && r != -ENOENT ? error_errno(reterr, r, "Cannot remove %s", path) : 0;
}

static int remove_paths(const Change *c, Error **reterr) {
        Losses l = { .reterr = reterr };
        Error *error = NULL;

        for (char **path = c->paths; path && *path; path++)
                lose(&l, remove_path(*path, &error), &error);
        return l.r;
}

static int forget(const Change *c, Error **reterr) {
        Losses l = { .reterr = reterr };
        Error *error = NULL;

        lose(&l, remove_paths(c, &error), &error);
        if (!c->machine)
                return l.r;
        lose(&l, identity_remove(c->machine, &error), &error);
        lose(&l, console_log_remove(c->machine, &error), &error);
        lose(&l, machine_leases_forget(c->machine, &error), &error);
        lose(&l, machine_order_forget(c->machine, &error), &error);
        return l.r;
}

/* ---- the image ---- */

static void freeze(const Change *c, int dir, const char *entry) {
        int r = c->immutable ? immutable_set(dir, entry, true) : 0;

        if (r < 0)
                log_warning("Cannot make %s/%s read-only again: %s, ignoring", c->directory, entry, strerror(-r));
}

/* A sweep of layers that goes through a directory while a name in it changes may see neither the old nor the new one. The fd of the lock,
 * -1 where there are no layers. */
static int hold_layers(const Change *c, int *ret, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        int r = store_open(c->directory, false, &s, reterr);

        *ret = r < 0 ? -1 : store_lock(s, reterr);
        return r == -ENOENT ? 0 : r < 0 ? r : *ret < 0 ? *ret : 0;
}

/* The directory of images, and the lock of what layers there are in it. An fd. */
static int open_images(const Change *c, int *ret_layers, Error **reterr) {
        _cleanup_close_ int dir = open(c->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (dir < 0)
                return error_errno(reterr, errno, "Cannot open %s", c->directory);
        r = hold_layers(c, ret_layers, reterr);
        return r < 0 ? r : TAKE_FD(dir);
}

static int settle_rename(const Change *c, int dir, Error **reterr) {
        bool done = image_entry_is(dir, c->to, c->inode, c->born_usec);
        int r = carry(c, done, reterr);

        if (done || image_entry_is(dir, c->from, c->inode, c->born_usec))
                freeze(c, dir, done ? c->to : c->from);
        return r;
}

static int settle_remove(const Change *c, int dir, Error **reterr) {
        if (!image_entry_is(dir, c->from, c->inode, c->born_usec))
                return forget(c, reterr);
        freeze(c, dir, c->from);
        return 0;
}

/* Whether a name leads to a layer of that id. */
static bool leads_to(int dir, const char *name, const char *id) {
        char now[LAYER_ID_SIZE];

        return layer_read_link(dir, name, now) > 0 && strcmp(now, id) == 0;
}

static int settle_add(const Change *c, int dir, Error **reterr) {
        bool is_layered = c->inode == 0;

        if (is_layered ? leads_to(dir, c->to, c->from) : image_entry_is(dir, c->to, c->inode, c->born_usec))
                return 0;
        return remove_paths(c, reterr);
}

int change_settle(const Change *c, Error **reterr) {
        static int (*const settle[])(const Change *c, int dir, Error **reterr) = {
                [CHANGE_RENAME] = settle_rename,
                [CHANGE_REMOVE] = settle_remove,
                [CHANGE_ADD] = settle_add,
        };
        _cleanup_close_ int layers = -1, dir = open_images(c, &layers, reterr);
        int r, ended;

        if (dir < 0)
                return dir;
        /* What cannot be done is not tried for ever, or one file that cannot be removed would stand in the way of each change to come. */
        r = settle[c->kind](c, dir, reterr);
        ended = end(c, r < 0 ? NULL : reterr);
        return r < 0 ? r : ended;
}

int change_do(const Change *c, Error **reterr) {
        _cleanup_close_ int layers = -1, dir = open_images(c, &layers, reterr);
        int r = 0;

        if (dir < 0)
                return dir;
        if (c->kind == CHANGE_RENAME)
                r = carry(c, true, reterr); /* before the image has the name: who finds it finds all of it */
        if (r < 0)
                return r;
        if (c->immutable)
                r = immutable_set(dir, c->from, false);
        if (r >= 0)
                r = (c->to ? renameat2(dir, c->from, dir, c->to, RENAME_NOREPLACE) : unlinkat(dir, c->from, 0)) < 0 ? -errno : 0;
        if (r == -EEXIST)
                return image_is_there(c, reterr);
        if (r < 0)
                return error_errno(reterr, r, "Cannot %s %s/%s", c->kind == CHANGE_RENAME ? "rename" : "remove", c->directory, c->from);
        return 0;
}

static int recover_locked(Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(change_freep) Change *c = NULL;
        _cleanup_free_ char *text = NULL;
        int r = file_read(AT_FDCWD, CHANGE_FILE, TEXT_MAX, &text);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot read " CHANGE_FILE);
        r = change_parse(text, &c, reterr);
        if (r < 0)
                return r;
        r = change_settle(c, &error);
        if (r < 0 && change_is_begun())
                return error_pass(reterr, r, &error);
        if (r < 0) /* of another's change: what can be done of it has been done */
                log_warning("%s, ignoring", error ? error->message : strerror(-r));
        return 0;
}

int change_lock(Error **reterr) {
        _cleanup_close_ int fd = take_lock(reterr);
        int r = fd < 0 ? fd : recover_locked(reterr);

        return r < 0 ? r : TAKE_FD(fd);
}

int change_recover(Error **reterr) {
        _cleanup_close_ int lock = -1;

        if (!change_is_begun())
                return 0;
        lock = change_lock(reterr);
        return lock < 0 ? lock : 0;
}

int change_sweep(Error **reterr) {
        _cleanup_close_ int lock = -1;

        if (access(CHANGE_DIRECTORY, F_OK) < 0)
                return 0;
        lock = change_lock(reterr);
        if (lock < 0)
                return lock;
        (void) unlinkat(lock, strrchr(TEMPORARY, '/') + 1, 0);
        return 0;
}
