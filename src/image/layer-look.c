/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layer-look.h"

/* What overlayfs(5) would make of it: a name is looked for from the topmost layer down; a device 0:0 hides what is below, a directory goes
 * on below unless it is opaque, and under another path where it was renamed ("redirect"). The layers are a guest's work: each component is
 * opened by itself without following anything, and all is bounded. */

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "fd.h"
#include "layer.h"

#define RESTARTS_MAX 40 /* links in a path, as the kernel has it */

typedef struct Look {
        Layer **chain;
        size_t n;
        int dirs[LAYERS_MAX]; /* where we are in each layer; -1: it has no part in it */
} Look;

static void close_dirs(Look *l) {
        for (size_t i = 0; i < l->n; i++)
                l->dirs[i] = close_fd(l->dirs[i]);
}

static void look_done(Look *l) {
        close_dirs(l);
        layer_chain_free(l->chain, l->n);
}

static int start_at_root(Look *l) {
        close_dirs(l);
        for (size_t i = 0; i < l->n; i++) {
                l->dirs[i] = fcntl(l->chain[i]->tree, F_DUPFD_CLOEXEC, 3);
                if (l->dirs[i] < 0)
                        return -errno;
        }
        return 0;
}

/* An attribute of overlayfs's, of an O_PATH fd; "" where there is none. */
static void get_attribute(int fd, const char *name, char *ret, size_t size) {
        char path[32];
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        n = getxattr(path, name, ret, size - 1);
        ret[n > 0 ? n : 0] = 0;
}

/* One component, in all layers: a directory, then the look is in it, and -EISDIR is returned; or the fd of anything else. */
static int step(Look *l, const char *component) {
        int found[LAYERS_MAX], r = -ENOENT;
        char redirect[PATH_MAX] = "", opaque[2], name[NAME_MAX + 1];
        size_t i;

        if (strlen(component) > NAME_MAX)
                return -ENAMETOOLONG;
        strcpy(name, component);
        for (i = 0; i < l->n; i++) {
                int fd = *redirect == '/' ? store_open_beneath(l->chain[i]->tree, redirect + 1, O_PATH) :
                         l->dirs[i] >= 0 ? store_open_beneath(l->dirs[i], name, O_PATH) : -ENOENT;
                struct stat st;

                found[i] = -1;
                if (fd == -ENOENT)
                        continue;
                if (fd < 0 || fstat(fd, &st) < 0) {
                        r = fd < 0 ? fd : -errno;
                        close_fd(fd);
                        break;
                }
                if (!S_ISDIR(st.st_mode)) {
                        if (r == -ENOENT && !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0)))
                                r = fd;
                        else
                                close_fd(fd);
                        break;
                }
                r = -EISDIR;
                found[i] = fd;
                get_attribute(fd, "trusted.overlay.opaque", opaque, sizeof(opaque));
                if (*opaque == 'y')
                        break;
                get_attribute(fd, "trusted.overlay.redirect", redirect, sizeof(redirect));
                if (*redirect && *redirect != '/' && strlen(redirect) <= NAME_MAX && !strchr(redirect, '/'))
                        strcpy(name, redirect);
        }
        for (size_t k = i + 1; k < l->n; k++)
                found[k] = -1;
        close_dirs(l);
        memcpy(l->dirs, found, l->n * sizeof(*found));
        if (i < l->n && r != -EISDIR)
                l->dirs[i] = -1;
        return r;
}

/* What a link stands for, in its place: path becomes before + target + after. */
static int follow(int link, char path[PATH_MAX], size_t before, const char *after) {
        char target[PATH_MAX], whole[2 * PATH_MAX];
        ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);
        int length;

        if (n < 0)
                return -errno;
        target[n] = 0;
        length = snprintf(whole, sizeof(whole), "%.*s/%s/%s", (int) (*target == '/' ? 0 : before), path, target, after);
        if (length < 0 || length >= PATH_MAX)
                return -ENAMETOOLONG;
        strcpy(path, whole);
        return 0;
}

/* From the root on to where it ends: 0 with *ret, -EAGAIN with a path that has one link, or one "..", less, or an error. */
static int walk(Look *l, char path[PATH_MAX], int *ret) {
        size_t at = 0, parent = 0;
        int r = start_at_root(l);

        while (r >= 0) {
                size_t begin = at + strspn(path + at, "/"), n = strcspn(path + begin, "/");
                _cleanup_close_ int fd = -1;
                char component[NAME_MAX + 1];
                struct stat st;

                if (n == 0)
                        return -EISDIR;
                if (n > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(component, path + begin, n);
                component[n] = 0;
                if (strcmp(component, "..") == 0) { /* nothing before it is a link any more */
                        memmove(path + parent, path + begin + n, strlen(path + begin + n) + 1);
                        return -EAGAIN;
                }
                if (strcmp(component, ".") != 0) {
                        fd = step(l, component);
                        if (fd < 0 && fd != -EISDIR)
                                return fd;
                        parent = at;
                }
                at = begin + n;
                if (fd < 0)
                        continue;
                if (fstat(fd, &st) < 0)
                        return -errno;
                if (S_ISLNK(st.st_mode)) {
                        r = follow(fd, path, begin, path + at);
                        return r < 0 ? r : -EAGAIN;
                }
                if (path[at + strspn(path + at, "/")])
                        return -ENOTDIR;
                *ret = TAKE_FD(fd);
                return 0;
        }
        return r;
}

static int open_file(Look *l, const char *path) {
        char rest[PATH_MAX];
        int fd = -1, r;

        if (strlen(path) >= sizeof(rest))
                return -ENAMETOOLONG;
        strcpy(rest, path);
        for (int i = 0; i < RESTARTS_MAX; i++) {
                r = walk(l, rest, &fd);
                if (r != -EAGAIN)
                        return r < 0 ? r : fd;
        }
        return -ELOOP;
}

int layers_read_file(const Image *image, const char *path, size_t max, char **ret) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_(look_done) Look l = {};
        _cleanup_close_ int place = -1, fd = -1;
        struct stat st;
        size_t size;
        int r;

        r = store_of_image(image, false, &s, NULL);
        if (r >= 0)
                r = layer_chain(s, image->layer, &l.chain, &l.n, NULL);
        if (r < 0)
                return r;
        for (size_t i = 0; i < l.n; i++)
                l.dirs[i] = -1;
        place = open_file(&l, path);
        if (place < 0)
                return place;
        if (fstat(place, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;
        fd = fd_reopen(place, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        return fd < 0 ? fd : fd_read_all(fd, max, ret, &size);
}

int image_os_release(const Image *image, OsRelease *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (image->type != IMAGE_LAYERED)
                return tree_os_release(image->fd, ret);
        r = layers_read_file(image, "/etc/os-release", OS_RELEASE_MAX, &text);
        if (r < 0 && r != -ENOMEM)
                r = layers_read_file(image, "/usr/lib/os-release", OS_RELEASE_MAX, &text);
        if (r == -ENOMEM)
                return r;
        if (r >= 0)
                return os_release_parse(text, ret);
        *ret = (OsRelease) {};
        return 0;
}
