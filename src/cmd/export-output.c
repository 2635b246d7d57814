/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export-output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "fd.h"
#include "remove.h"
#include "unfinished.h"

#define MODE 0600 /* a machine's files have its passwords' hashes and keys in them */

const char *export_output_text(const ExportOutput *o) {
        return strcmp(o->path, "-") == 0 ? "standard output" : o->path;
}

/* ---- what is there ---- */

static int is_there(const ExportOutput *o, Error **reterr) {
        error_set(reterr, EEXIST, "%s is there already", o->path);
        return error_hint(reterr, -EEXIST, "Choose another name; --force writes it in place of that.");
}

static bool is_empty(int parent, const char *name) {
        _cleanup_closedir_ DIR *d = fd_opendir(parent, name);
        struct dirent *e;

        while (d && (e = readdir(d)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        return false;
        return d;
}

/* --force replaces what an export made, and no directory of somebody's. */
static int check_directory(const ExportOutput *o, Error **reterr) {
        _cleanup_free_ char *layout = NULL;
        struct stat st;

        if (!o->directory)
                return error_set(reterr, EISDIR, "%s is a directory", o->path);
        if (is_empty(o->parent, o->name))
                return 0;
        if (!o->force)
                return is_there(o, reterr);
        if (asprintf(&layout, "%s/oci-layout", o->name) < 0)
                return error_oom(reterr);
        if (fstatat(o->parent, layout, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set(reterr, EEXIST, "%s is a directory that no export has made, and stays", o->path);
        return 0;
}

/* 1: it is to be written to as it is. */
static int look(const ExportOutput *o, Error **reterr) {
        struct stat st;

        if (fstatat(o->parent, o->name, &st, 0) < 0)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot look at %s", o->path);
        if (S_ISDIR(st.st_mode))
                return check_directory(o, reterr);
        if (S_ISREG(st.st_mode) || o->directory)
                return o->force && !o->directory ? 0 : is_there(o, reterr);
        if (S_ISBLK(st.st_mode) && !o->force)
                return is_there(o, reterr);
        return 1;
}

/* ---- what is made ---- */

static int open_parent(ExportOutput *o, Error **reterr) {
        const char *slash = strrchr(o->path, '/');
        _cleanup_free_ char *directory = strndup(o->path, slash ? (size_t) (slash - o->path) + 1 : 0);

        o->name = strdup(slash ? slash + 1 : o->path);
        if (!directory || !o->name)
                return error_oom(reterr);
        if (!*o->name || strcmp(o->name, ".") == 0 || strcmp(o->name, "..") == 0)
                return error_set(reterr, EINVAL, "'%s' names no file", o->path);
        o->parent = open(*directory ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return o->parent < 0 ? error_errno(reterr, errno, "Cannot open %s", *directory ? directory : "the working directory") : 0;
}

static int drop_stale(ExportOutput *o) {
        _cleanup_close_ int lock = unfinished_lock(o->parent, o->unfinished);

        if (lock < 0)
                return lock == -ENOENT ? 0 : lock;
        unfinished_remove(o->parent, o->unfinished);
        return 0;
}

static int make_named(ExportOutput *o) {
        int r = drop_stale(o);

        if (r < 0)
                return r;
        if (o->directory)
                r = mkdirat(o->parent, o->unfinished, 0700) < 0 ? -errno : 0;
        else
                r = o->fd = openat(o->parent, o->unfinished, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
        if (r == -1)
                r = -errno;
        if (r < 0)
                return r;
        o->is_named = true;
        o->lock = unfinished_lock(o->parent, o->unfinished);
        if (o->lock < 0)
                return o->lock;
        if (o->directory)
                o->fd = fd_reopen(o->lock, O_RDONLY | O_DIRECTORY);
        return o->fd < 0 ? o->fd : 0;
}

static int make(ExportOutput *o, Error **reterr) {
        int r = 0;

        o->unfinished = unfinished_name(o->name);
        if (!o->unfinished)
                return error_oom(reterr);
        if (!o->directory)
                o->fd = openat(o->parent, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, MODE);
        if (o->fd < 0)
                r = make_named(o);
        if (r == -EBUSY)
                return error_set(reterr, r, "Another export to %s is going on", o->path);
        return r < 0 ? error_errno(reterr, r, "Cannot make %s", o->path) : 0;
}

static int open_standard(ExportOutput *o, Error **reterr) {
        o->fd = STDOUT_FILENO;
        o->is_stream = true;
        if (o->directory)
                return error_set(reterr, EINVAL, "A directory cannot be written to standard output");
        if (isatty(o->fd)) {
                error_set(reterr, EINVAL, "What is exported is nothing for a terminal to show");
                return error_hint(reterr, -EINVAL, "Name a file, or let standard output be a file or a pipe.");
        }
        return 0;
}

static int open_named(ExportOutput *o, Error **reterr) {
        int r = open_parent(o, reterr);

        if (r >= 0)
                r = look(o, reterr);
        if (r <= 0)
                return r < 0 ? r : make(o, reterr);
        o->is_stream = true;
        o->fd = openat(o->parent, o->name, O_WRONLY | O_NOCTTY | O_CLOEXEC);
        return o->fd < 0 ? error_errno(reterr, errno, "Cannot open %s", o->path) : 0;
}

int export_output_open(ExportOutput *o, Error **reterr) {
        int r;

        o->fd = o->parent = o->lock = -1;
        r = strcmp(o->path, "-") == 0 ? open_standard(o, reterr) : open_named(o, reterr);
        if (r < 0)
                export_output_done(o);
        return r;
}

/* ---- its name ---- */

static int give_name(ExportOutput *o, const char *name) {
        char path[32];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
        return linkat(AT_FDCWD, path, o->parent, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* What a directory was moved in place of is what has the hidden name then. */
static int exchange(ExportOutput *o) {
        if (renameat2(o->parent, o->unfinished, o->parent, o->name, RENAME_EXCHANGE) < 0)
                return -errno;
        unfinished_remove(o->parent, o->unfinished);
        return 0;
}

static int move(ExportOutput *o) {
        struct stat st;
        int r = 0;

        if (!o->is_named && !o->force)
                return give_name(o, o->name);
        if (!o->is_named)
                r = drop_stale(o);
        if (r >= 0 && !o->is_named) {
                r = give_name(o, o->unfinished);
                o->is_named = r >= 0;
        }
        if (r < 0)
                return r;
        if (o->directory && o->force && fstatat(o->parent, o->name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && !is_empty(o->parent, o->name))
                return exchange(o);
        /* rename(2) puts a directory in place of an empty one */
        if (renameat2(o->parent, o->unfinished, o->parent, o->name, o->force || o->directory ? 0 : RENAME_NOREPLACE) < 0)
                return -errno;
        return 0;
}

int export_output_finish(ExportOutput *o, Error **reterr) {
        int r;

        if (o->is_stream)
                return 0;
        if ((o->directory ? syncfs(o->fd) : fsync(o->fd)) < 0)
                return error_errno(reterr, errno, "Cannot write %s to the disk", o->path);
        r = move(o);
        if (r == -EEXIST || r == -ENOTEMPTY)
                return is_there(o, reterr);
        if (r < 0)
                return error_errno(reterr, r, "Cannot give %s its name", o->path);
        o->is_named = false;
        (void) fsync(o->parent);
        return 0;
}

void export_output_done(ExportOutput *o) {
        if (o->is_named)
                unfinished_remove(o->parent, o->unfinished);
        if (o->fd != STDOUT_FILENO)
                close_fd(o->fd);
        close_fd(o->lock);
        close_fd(o->parent);
        free(o->name);
        free(o->unfinished);
        *o = (ExportOutput){ .path = o->path, .fd = -1, .parent = -1, .lock = -1 };
}
