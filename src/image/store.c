/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

/* A store is root's: it is only used where its directory belongs to root (or to whoever we are) and nobody else can write to it, and
 * only made in a directory of which the same is true. Whoever could rename in D could put any tree under any name anyway; but he could
 * also have another user's layers swept.
 *
 * What a directory must be able to for overlayfs(5) to write to it is asked of its file system by name, where a refusal would come only
 * when a machine starts, and as "wrong fs type": upper layers cannot be on overlayfs itself, nor on file systems without
 * trusted attributes or renames that leave a whiteout (network file systems, FAT). */

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "layer.h"
#include "layer-info.h"

void store_free(Store *s) {
        if (!s)
                return;
        free(s->directory);
        close_fd(s->parent);
        close_fd(s->fd);
        free(s);
}

int store_open_beneath(int dir, const char *path, int flags) {
        struct open_how how = {
                .flags = (uint64_t) (flags | O_NOFOLLOW | O_CLOEXEC),
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        };
        long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

static const struct {
        unsigned type;
        const char *name;
} unfit[] = {
        { OVERLAYFS_SUPER_MAGIC, "an overlay itself" },
        { NFS_SUPER_MAGIC, "on NFS" },
        { SMB_SUPER_MAGIC, "on SMB" },
        { CIFS_SUPER_MAGIC, "on SMB" },
        { SMB2_SUPER_MAGIC, "on SMB" },
        { MSDOS_SUPER_MAGIC, "on FAT" },
        { EXFAT_SUPER_MAGIC, "on exFAT" },
        { V9FS_MAGIC, "on 9p" },
        { CEPH_SUPER_MAGIC, "on Ceph" },
        { FUSE_SUPER_MAGIC, "on FUSE" },
        { ECRYPTFS_SUPER_MAGIC, "on eCryptfs" },
        { RAMFS_MAGIC, "on ramfs" }, /* no attributes */
};

static int check_file_system(int fd, const char *directory, Error **reterr) {
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", directory);
        for (size_t i = 0; i < ELEMENTSOF(unfit); i++)
                if ((unsigned) fs.f_type == unfit[i].type) {
                        error_set(reterr, EOPNOTSUPP, "There cannot be layers in %s, which is %s: Linux stacks nothing on that", directory,
                                  unfit[i].name);
                        return error_hint(reterr, -EOPNOTSUPP, "`nbox clone --copy` makes a whole copy, which needs no layers.");
                }
        return 0;
}

static int check_owner(int fd, const char *path, Error **reterr) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", path);
        if ((st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & (S_IWGRP | S_IWOTH)))
                return 0;
        error_set(reterr, EPERM, "There cannot be layers in %s: others than root can write there", path);
        return error_hint(reterr, -EPERM, "Put the image into a directory that is root's alone, as " IMAGE_DIRECTORY ".");
}

static int make_directory(int dir, const char *name, const char *path, Error **reterr) {
        if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make the directory '%s' for layers in %s", name, path);
        return 0;
}

static int store_make(Store *s, Error **reterr) {
        int r;

        r = check_owner(s->parent, s->directory, reterr);
        if (r >= 0)
                r = check_file_system(s->parent, s->directory, reterr);
        return r >= 0 ? make_directory(s->parent, STORE_NAME, s->directory, reterr) : r;
}

int store_open(const char *directory, bool make, Store **ret, Error **reterr) {
        static const char *const parts[] = { "layers", "snapshots", "trash" };
        _cleanup_(store_freep) Store *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_oom(reterr);
        s->parent = s->fd = -1;
        s->directory = strdup(directory);
        if (!s->directory)
                return error_oom(reterr);
        s->parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->parent < 0)
                return errno == ENOENT && !make ? -ENOENT : error_errno(reterr, errno, "Cannot open %s", directory);
        r = make ? store_make(s, reterr) : 0;
        if (r < 0)
                return r;
        s->fd = store_open_beneath(s->parent, STORE_NAME, O_RDONLY | O_DIRECTORY);
        if (s->fd == -ENOENT && !make)
                return -ENOENT;
        if (s->fd < 0)
                return error_errno(reterr, s->fd, "Cannot open %s/" STORE_NAME, directory);
        r = check_owner(s->fd, directory, reterr);
        /* the trash as well: where the disk is full, it must be there for something to go */
        for (size_t i = 0; r >= 0 && make && i < ELEMENTSOF(parts); i++)
                r = make_directory(s->fd, parts[i], directory, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(s);
        return r;
}

int store_of_image(const Image *image, bool make, Store **ret, Error **reterr) {
        const char *slash = strrchr(image->path, '/');
        _cleanup_free_ char *directory = strndup(image->path, slash == image->path ? 1 : (size_t) (slash - image->path));

        return directory ? store_open(directory, make, ret, reterr) : error_oom(reterr);
}

static int open_lock(const Store *s, Error **reterr) {
        _cleanup_close_ int fd = openat(s->fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);

        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open the lock in %s/" STORE_NAME, s->directory);
        return TAKE_FD(fd);
}

int store_lock(const Store *s, Error **reterr) {
        _cleanup_close_ int fd = open_lock(s, reterr);

        if (fd < 0)
                return fd;
        while (flock(fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot lock %s/" STORE_NAME, s->directory);
        return TAKE_FD(fd);
}

int store_try_lock(const Store *s) {
        _cleanup_close_ int fd = open_lock(s, NULL);

        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        return TAKE_FD(fd);
}

int store_point(const Store *s, const char *name, const char *layer, bool new, Error **reterr) {
        char text[LAYER_LINK_MAX], now[LAYER_ID_SIZE];
        int r;

        layer_link(layer, text);
        if (new) {
                if (symlinkat(text, s->parent, name) >= 0)
                        return 0;
                if (errno == EEXIST)
                        return error_set(reterr, EEXIST, "%s/%s is there already", s->directory, name);
                return error_errno(reterr, errno, "Cannot make %s/%s", s->directory, name);
        }
        r = layer_read_link(s->parent, name, now);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the link %s/%s", s->directory, name);
        if (r == 0)
                return error_set(reterr, EINVAL, "%s/%s does not stand on layers (any more)", s->directory, name);
        /* one name does for all, with the lock; what a crash left is in the way */
        if (unlinkat(s->fd, "next", 0) < 0 && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot remove %s/" STORE_NAME "/next", s->directory);
        if (symlinkat(text, s->fd, "next") < 0 || renameat(s->fd, "next", s->parent, name) < 0)
                return error_errno(reterr, errno, "Cannot replace the link %s/%s", s->directory, name);
        return 0;
}
