/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cleanup.h"
#include "text.h"

static int open_resolved(int root, const char *path, int flags, mode_t mode, uint64_t resolve) {
        struct open_how how = {
                .flags = (uint64_t) (flags | O_CLOEXEC),
                .mode = flags & O_CREAT ? mode : 0,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
        };

        for (int tries = 0; tries < 32; tries++) {
                long fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));

                if (fd >= 0)
                        return (int) fd;
                if (errno != EAGAIN) /* a rename raced with "..": the kernel asks to try again */
                        return -errno;
        }
        return -EAGAIN;
}

int open_in_root(int root, const char *path, int flags, mode_t mode) {
        return open_resolved(root, path, flags, mode, 0);
}

int open_in_root_mount(int root, const char *path, int flags) {
        return open_resolved(root, path, flags, 0, RESOLVE_NO_XDEV);
}

bool path_is_clean(const char *path) {
        if (path[0] != '/' || strlen(path) >= PATH_MAX || !string_is_clean(path))
                return false;
        for (const char *p = path; *p; p++)
                if (p[0] == '/' && p[1] == '.' && (p[2] == 0 || p[2] == '/' || (p[2] == '.' && (p[3] == 0 || p[3] == '/'))))
                        return false;
        return true;
}

char *path_make_absolute(const char *path) {
        _cleanup_free_ char *cwd = NULL;
        char *out = NULL;

        if (path[0] == '/')
                return strdup(path);
        cwd = getcwd(NULL, 0);
        if (!cwd || asprintf(&out, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path) < 0)
                return NULL;
        return out;
}

int mkdir_in_root(int root, const char *path) {
        _cleanup_free_ char *done = strdup(""), *copy = strdup(path);
        char *state = NULL;
        int fd;

        if (!done || !copy)
                return -ENOMEM;
        fd = open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
        if (fd != -ENOENT)
                return fd;

        for (char *part = strtok_r(copy, "/", &state); part; part = strtok_r(NULL, "/", &state)) {
                _cleanup_close_ int parent = open_in_root(root, done, O_PATH | O_DIRECTORY, 0);
                char *next;

                if (parent < 0)
                        return parent;
                if (strcmp(part, "..") == 0 || strcmp(part, ".") == 0)
                        return -EINVAL;
                if (mkdirat(parent, part, 0755) < 0 && errno != EEXIST)
                        return -errno;
                if (asprintf(&next, "%s/%s", done, part) < 0)
                        return -ENOMEM;
                free(done);
                done = next;
        }
        return open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
}

int create_in_root(int root, const char *path) {
        _cleanup_close_ int dir = -1, file = -1;
        _cleanup_free_ char *parent = NULL;
        const char *slash;
        int fd;

        fd = open_in_root(root, path, O_PATH, 0);
        if (fd != -ENOENT)
                return fd;
        slash = strrchr(path, '/');
        if (!slash || !slash[1])
                return -EISDIR;
        parent = strndup(path, (size_t) (slash - path));
        if (!parent)
                return -ENOMEM;
        dir = mkdir_in_root(root, parent);
        if (dir < 0)
                return dir;
        /* O_NOFOLLOW: a dangling link there would be followed out of the root by openat(2). */
        file = openat(dir, slash + 1, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0644);
        if (file < 0)
                return -errno;
        fd = openat(dir, slash + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

bool path_cwd_is_inside(void) {
        char path[PATH_MAX];
        long n = syscall(SYS_getcwd, path, sizeof(path));

        return n > 0 && path[0] == '/';
}
