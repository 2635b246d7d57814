/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parcel-place.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "parcel.h"

int parcel_place_init(ParcelPlace *p, int dir, const char *name, bool is_hidden, bool replace) {
        unsigned long long number = 0;

        if (strlen(name) > NAME_MAX)
                return -ENAMETOOLONG;
        p->dir = dir;
        p->replace = replace;
        strcpy(p->name, name);
        strcpy(p->made, name);
        if (is_hidden) {
                if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0) /* before there is any: the pid keeps two of us apart */
                        number = (unsigned long long) getpid();
                snprintf(p->made, sizeof(p->made), ".#nbox-copy-%016llx", number);
        }
        return 0;
}

/* Where a file system does not know RENAME_NOREPLACE (EINVAL): a second name, and the first one away. */
static int move(const ParcelPlace *p) {
        if (renameat2(p->dir, p->made, p->dir, p->name, p->replace ? 0 : RENAME_NOREPLACE) >= 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return -errno;
        if (linkat(p->dir, p->made, p->dir, p->name, 0) >= 0)
                return unlinkat(p->dir, p->made, 0) < 0 ? -errno : 0;
        return errno == EPERM && renameat(p->dir, p->made, p->dir, p->name) >= 0 ? 0 : -errno; /* a directory: onto an empty one at most */
}

int parcel_place_publish(const ParcelPlace *p) {
        int r;

        if (strcmp(p->made, p->name) == 0)
                return 0;
        r = move(p);
        if (r >= 0 && p->replace) /* two names of one file: rename(2) then does nothing */
                (void) unlinkat(p->dir, p->made, 0);
        return r;
}

static void remove_all(int dir, const char *name, unsigned depth) {
        _cleanup_closedir_ DIR *d = NULL;
        struct dirent *e;

        if (unlinkat(dir, name, 0) >= 0 || (errno != EISDIR && errno != EPERM))
                return;
        d = depth > 0 ? fd_opendir(dir, name) : NULL;
        while (d && (e = readdir(d)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        remove_all(dirfd(d), e->d_name, depth - 1);
        (void) unlinkat(dir, name, AT_REMOVEDIR);
}

void parcel_place_discard(const ParcelPlace *p) {
        remove_all(p->dir, p->made, PARCEL_DEPTH_MAX + 1);
}

int parcel_open_directory(const char *path, bool is_guest) {
        struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = is_guest ? RESOLVE_NO_MAGICLINKS : 0 };
        long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

static int open_beneath(int dir, const char *path, size_t length) {
        struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
        char part[PATH_MAX];
        long fd;

        memcpy(part, path, length);
        part[length] = 0;
        fd = syscall(SYS_openat2, dir, part, &how, sizeof(how));
        return fd < 0 ? -errno : (int) fd;
}

int parcel_link(int root, const char *path, const ParcelPlace *p) {
        _cleanup_close_ int at = -1;
        const char *slash;

        while ((slash = strchr(path, '/'))) { /* as many components at once as the kernel takes */
                size_t length = strlen(path);
                int next;

                if (length >= PATH_MAX)
                        length = PATH_MAX - 1;
                while (path[length] != '/')
                        if (length-- == 0)
                                return -ENAMETOOLONG;
                if (length == 0)
                        return -EBADMSG;
                next = open_beneath(at >= 0 ? at : root, path, length);
                if (next < 0)
                        return next;
                close_fd(at);
                at = next;
                path += length + 1;
        }
        if (!parcel_name_is_valid(path))
                return -EBADMSG;
        return linkat(at >= 0 ? at : root, path, p->dir, p->made, 0) < 0 ? -errno : 0;
}
