/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "copy-attributes.h"
#include "copy-data.h"
#include "copy-links.h"
#include "copy-path.h"
#include "copy-source.h"
#include "fd.h"
#include "text.h"

#define DEPTH_MAX 250 /* two open directories a level; remove_tree() can do six more, from further above */

typedef struct Walk {
        const CopyWatch *watch; /* or NULL */
        CopyProgress done;
        DataCopier data;
        AttributeCopier attributes;
        HardLinks links;
        CopyPath path;    /* where we are beneath the roots */
        int from, to;     /* the roots */
        uint64_t room;    /* bytes, when it began */
        bool copies_flags;
} Walk;

static void walk_done(Walk *w) {
        data_copier_done(&w->data);
        attribute_copier_done(&w->attributes);
        hard_links_done(&w->links);
        copy_path_done(&w->path);
}

/* ---- what is said ---- */

static int no_room(const Walk *w, Error **reterr) {
        char needed[SIZE_TEXT_MAX], room[SIZE_TEXT_MAX];
        uint64_t bytes = w->watch ? w->watch->expected : 0, files;
        struct stat st;

        if (bytes == 0 && w->from >= 0 && fstat(w->from, &st) >= 0) {
                if (S_ISDIR(st.st_mode))
                        (void) tree_size(w->from, &bytes, &files);
                else
                        bytes = (uint64_t) st.st_blocks * 512;
        }
        error_set(reterr, ENOSPC, "There is no room for the copy: it takes %s, and its file system had %s free",
                  size_text(bytes, needed), size_text(w->room, room));
        return error_hint(reterr, -ENOSPC, "Make room (`nbox gc` removes what nothing uses any more), or put it on another file system.");
}

static int failed(const Walk *w, const char *name, int r, Error **reterr) {
        const char *at = copy_path_text(&w->path);

        if (r == -ECANCELED)
                return error_set(reterr, ECANCELED, "The copying was interrupted");
        if (r == -ENOSPC || r == -EDQUOT)
                return no_room(w, reterr);
        if (r == -EOPNOTSUPP && w->attributes.lacking) {
                error_set(reterr, EOPNOTSUPP, "Cannot copy %s%s: the file system of the copy cannot hold its attribute '%.80s'", at, name,
                          w->attributes.lacking);
                return error_hint(reterr, -EOPNOTSUPP, "Put the copy on one that can, such as ext4, btrfs or xfs.");
        }
        if (r == -ELOOP)
                return error_set(reterr, ELOOP, "Cannot copy a tree of more than %d directories in each other", DEPTH_MAX);
        if (r == -E2BIG)
                return error_set(reterr, E2BIG, "Cannot copy a tree with more than %u files that have several names", HARD_LINKS_MAX);
        return error_errno(reterr, r, "Cannot copy %s%s", at, name);
}

static int go_on(Walk *w) {
        const CopyWatch *watch = w->watch;

        if (!watch)
                return 0;
        if (watch->show)
                watch->show(&w->done, watch->userdata);
        return watch->is_cancelled && watch->is_cancelled(watch->userdata) ? -ECANCELED : 0;
}

static int on_chunk(uint64_t bytes, void *userdata) {
        Walk *w = userdata;

        w->done.bytes += bytes;
        return go_on(w);
}

static int on_no_clone(void *userdata) {
        const Walk *w = userdata;

        return w->watch && w->watch->expected > w->room ? -ENOSPC : 0;
}

/* ---- files ---- */

static int copy_contents(Walk *w, const CopySource *from, int to) {
        const struct statx *st = from->st;

        if (w->copies_flags || (st->stx_attributes & (STATX_ATTR_NODUMP | STATX_ATTR_COMPRESSED)))
                copy_flags(from->fd, to);
        return copy_data(&w->data, from->fd, to, st->stx_size, st->stx_blocks < st->stx_size / 512);
}

static int copy_into(Walk *w, int fd, const struct statx *st, int to) {
        _cleanup_close_ int real = source_open_to_read(fd, 0);
        int r = real < 0 ? real : copy_contents(w, &(CopySource){ real, st }, to);

        return r < 0 ? r : copy_attributes(&w->attributes, &(CopySource){ real, st }, to);
}

static int copy_regular(Walk *w, int fd, const struct statx *st, int dir, const char *name) {
        _cleanup_close_ int to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        int r = to < 0 ? -errno : copy_into(w, fd, st, to);

        if (r < 0 && to >= 0)
                (void) unlinkat(dir, name, 0);
        return r;
}

static int copy_link(Walk *w, int fd, const struct statx *st, int dir, const char *name) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = 0;
        if (symlinkat(target, dir, name) < 0)
                return -errno;
        return copy_attributes_at(&w->attributes, &(CopySource){ fd, st }, dir, name);
}

static int copy_node(Walk *w, int fd, const struct statx *st, int dir, const char *name) {
        if (mknodat(dir, name, (st->stx_mode & S_IFMT) | 0600, makedev(st->stx_rdev_major, st->stx_rdev_minor)) < 0)
                return -errno;
        return copy_attributes_at(&w->attributes, &(CopySource){ fd, st }, dir, name);
}

static int copy_new(Walk *w, int fd, const struct statx *st, int dir, const char *name) {
        if (S_ISREG(st->stx_mode))
                return copy_regular(w, fd, st, dir, name);
        return S_ISLNK(st->stx_mode) ? copy_link(w, fd, st, dir, name) : copy_node(w, fd, st, dir, name);
}

/* One of several names: the first is copied, and the others are links to that. */
static int copy_linked(Walk *w, int fd, const struct statx *st, int dir, const char *name) {
        HardLink *known;
        int r = hard_links_see(&w->links, st, &known);

        if (r < 0)
                return r;
        if (!known->path) {
                known->path = copy_path_with(&w->path, name);
                return known->path ? copy_new(w, fd, st, dir, name) : -ENOMEM;
        }
        r = copy_path_link(w->to, known->path, dir, name);
        if (known->left == 0) {
                free(known->path);
                known->path = NULL;
        }
        return r;
}

/* ---- directories ---- */

static int copy_entries(Walk *w, int from, int to, unsigned depth, Error **reterr);

/* `from` is open to be read, `to` empty. */
static int copy_directory(Walk *w, const CopySource *from, int to, unsigned depth, Error **reterr) {
        int r;

        if (depth == 0)
                return failed(w, "", -ELOOP, reterr);
        if (w->copies_flags)
                copy_flags(from->fd, to);
        r = copy_entries(w, from->fd, to, depth, reterr);
        if (r < 0)
                return r;
        r = copy_attributes(&w->attributes, from, to);
        return r < 0 ? failed(w, "", r, reterr) : 0;
}

static int copy_subdirectory(Walk *w, int fd, const struct statx *st, int dir, const char *name, unsigned depth, Error **reterr) {
        _cleanup_close_ int from = source_open_to_read(fd, O_DIRECTORY), to = -1;
        size_t length;
        int r;

        if (from < 0)
                return failed(w, name, from, reterr);
        if (mkdirat(dir, name, 0700) < 0)
                return failed(w, name, -errno, reterr);
        to = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (to < 0)
                return failed(w, name, -errno, reterr);
        r = copy_path_enter(&w->path, name, &length);
        if (r < 0)
                return failed(w, name, r, reterr);
        r = copy_directory(w, &(CopySource){ from, st }, to, depth, reterr);
        if (r >= 0)
                copy_path_leave(&w->path, length);
        return r;
}

/* Something is mounted there, and what that hides cannot be seen from here. */
static int copy_mount_point(int dir, const char *name, unsigned char type) {
        if (type == DT_DIR)
                return mkdirat(dir, name, 0755) < 0 ? -errno : 0;
        return mknodat(dir, name, S_IFREG | 0644, 0) < 0 ? -errno : 0;
}

static int copy_entry(Walk *w, int from, const struct dirent *e, int to, unsigned depth, Error **reterr) {
        _cleanup_close_ int fd = source_open_entry(from, e->d_name, false);
        struct statx st;
        int r;

        if (fd == -ENOENT)
                return 0;
        if (fd == -EXDEV)
                r = copy_mount_point(to, e->d_name, e->d_type);
        else
                r = fd < 0 ? fd : source_look(fd, &st);
        if (r < 0)
                return failed(w, e->d_name, r, reterr);
        if (fd < 0)
                return 0;
        w->done.files++;
        w->done.unlocked += (st.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
        if (S_ISDIR(st.stx_mode)) {
                _cleanup_close_ int place = TAKE_FD(fd);

                return copy_subdirectory(w, place, &st, to, e->d_name, depth - 1, reterr);
        }
        r = st.stx_nlink > 1 ? copy_linked(w, fd, &st, to, e->d_name) : copy_new(w, fd, &st, to, e->d_name);
        if (r >= 0)
                r = go_on(w);
        return r < 0 ? failed(w, e->d_name, r, reterr) : 0;
}

static int copy_entries(Walk *w, int from, int to, unsigned depth, Error **reterr) {
        _cleanup_closedir_ DIR *d = fd_opendir(from, ".");
        struct dirent *e;

        if (!d)
                return failed(w, "", -errno, reterr);
        while ((errno = 0, e = readdir(d))) {
                int r;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                r = copy_entry(w, from, e, to, depth, reterr);
                if (r < 0)
                        return r;
        }
        return errno != 0 ? failed(w, "", -errno, reterr) : 0;
}

/* ---- the whole ---- */

static void begin(Walk *w) {
        struct statvfs room;
        struct statfs fs;

        w->data = (DataCopier){ .on_chunk = on_chunk, .on_no_clone = on_no_clone, .userdata = w };
        w->room = fstatvfs(w->to, &room) < 0 ? UINT64_MAX : (uint64_t) room.f_bavail * room.f_frsize;
        w->copies_flags = fstatfs(w->from, &fs) >= 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

int copy_tree(int from, int to, const CopyWatch *watch, Error **reterr) {
        _cleanup_(walk_done) Walk w = { .watch = watch, .from = from, .to = to };
        _cleanup_close_ int view = source_bare_view(from), source = view < 0 ? view : source_open_to_read(view, O_DIRECTORY),
                            target = fd_reopen(to, O_RDONLY | O_DIRECTORY);
        struct statx st;
        int r = source < 0 ? source : target < 0 ? target : source_look(source, &st);

        if (r < 0)
                return error_errno(reterr, r, "Cannot open the tree that is to be copied");
        w.to = target;
        begin(&w);
        if (fchmod(target, 0700) < 0)
                return failed(&w, "", -errno, reterr);
        r = copy_directory(&w, &(CopySource){ source, &st }, target, DEPTH_MAX, reterr);
        return r < 0 ? r : 0;
}

static int begin_file(Walk *w, const char *name, struct statx *ret, Error **reterr) {
        int r = source_look(w->from, ret);

        begin(w);
        if (r < 0)
                return failed(w, name, r, reterr);
        return S_ISREG(ret->stx_mode) ? 0 : error_set(reterr, EINVAL, "Cannot copy %s: it is not a regular file", name);
}

int copy_file(int from, int dir, const char *name, const CopyWatch *watch, Error **reterr) {
        _cleanup_(walk_done) Walk w = { .watch = watch, .from = from, .to = dir };
        struct statx st;
        int r = begin_file(&w, name, &st, reterr);

        if (r < 0)
                return r;
        r = copy_regular(&w, from, &st, dir, name);
        return r < 0 ? failed(&w, name, r, reterr) : 0;
}

int copy_file_into(int from, int to, const char *name, const CopyWatch *watch, Error **reterr) {
        _cleanup_(walk_done) Walk w = { .watch = watch, .from = from, .to = to };
        _cleanup_close_ int real = fd_reopen(to, O_WRONLY);
        struct statx st;
        int r = begin_file(&w, name, &st, reterr);

        if (r < 0)
                return r;
        r = real < 0 ? real : copy_into(&w, from, &st, real);
        return r < 0 ? failed(&w, name, r, reterr) : 0;
}
