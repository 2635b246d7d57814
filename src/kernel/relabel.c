/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relabel.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "cleanup.h"
#include "fd.h"
#include "task-label.h"

#define XATTR "security.selinux"
#define DEPTH_MAX 256 /* each costs two descriptors */
#define CONTEXT_MAX 4096
#define WATCH_EVERY 256

typedef struct Walk {
        const char *context;
        const RelabelWatch *watch;
        uint64_t seen, changed;
        Error **reterr;
} Walk;

/* Of what an O_PATH fd is, be it a link: an xattr can be had by path only, and this path leads nowhere else. */
static bool has_label(const char *path, const char *context) {
        char buf[CONTEXT_MAX];
        ssize_t n = getxattr(path, XATTR, buf, sizeof(buf) - 1);

        if (n < 0)
                return false;
        buf[n] = 0;
        return strcmp(buf, context) == 0;
}

int file_label_set(int fd, const char *context) {
        return fsetxattr(fd, XATTR, context, strlen(context) + 1, 0) < 0 ? -errno : 0;
}

static void path_of(int fd, char path[static 32]) {
        snprintf(path, 32, "/proc/self/fd/%d", fd);
}

bool relabel_is_done(int root, const char *context) {
        char path[32];

        path_of(root, path);
        return has_label(path, context);
}

static int set_label(Walk *w, int fd) {
        char path[32];

        path_of(fd, path);
        if (has_label(path, w->context))
                return 0;
        if (setxattr(path, XATTR, w->context, strlen(w->context) + 1, 0) < 0)
                return -errno;
        w->changed++;
        return 0;
}

static int open_entry(int dir, const char *name) {
        struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };

        return (int) syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static int relabel_directory(Walk *w, int fd, unsigned depth);

static int relabel_entry(Walk *w, int dir, const char *name, unsigned depth) {
        _cleanup_close_ int fd = open_entry(dir, name);
        struct stat st;

        if (fd < 0)
                return errno == ENOENT || errno == EXDEV ? 0 : -errno; /* gone; a mount */
        if (++w->seen % WATCH_EVERY == 0 && w->watch && w->watch->stop && w->watch->stop(w->watch->userdata))
                return -ECANCELED;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? relabel_directory(w, fd, depth + 1) : set_label(w, fd);
}

static int relabel_below(Walk *w, int fd, unsigned depth) {
        _cleanup_closedir_ DIR *entries = fd_opendir(fd, ".");
        int r = 0;

        if (!entries)
                return -errno;
        while (r >= 0) {
                struct dirent *d;

                errno = 0;
                d = readdir(entries);
                if (!d)
                        return -errno;
                if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
                        r = relabel_entry(w, dirfd(entries), d->d_name, depth);
        }
        return r;
}

static int relabel_directory(Walk *w, int fd, unsigned depth) {
        char path[32];
        int r;

        if (depth > DEPTH_MAX)
                return error_set(w->reterr, ELOOP, "The tree has more than %d directories in each other, and is not labelled", DEPTH_MAX);
        path_of(fd, path);
        if (has_label(path, w->context))
                return 0;
        r = relabel_below(w, fd, depth);
        return r < 0 ? r : set_label(w, fd);
}

int relabel_tree(int root, const char *context, const RelabelWatch *watch, uint64_t *ret_changed, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int proc = procfs_open(reterr); /* by whose paths labels are set */
        Walk w = { .context = context, .watch = watch, .reterr = &error };
        int r;

        if (proc < 0)
                return proc;
        r = relabel_directory(&w, root, 0);
        *ret_changed = w.changed;
        if (r >= 0)
                return 0;
        return error ? error_pass(reterr, r, &error) : error_errno(reterr, r, "Cannot give a file the SELinux label '%s'", context);
}
