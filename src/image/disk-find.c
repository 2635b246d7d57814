/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk-find.h"

/* The file is opened once, as a place (O_PATH): a look at what it is costs no right to read it, and does not hang on a FIFO. */

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fd.h"
#include "text.h"

static int open_place(const char *path) {
        struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
        long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

/* A mode without w is what `machinectl read-only` leaves; to root, it would be none of the kernel's reasons. */
static bool is_read_only(int fd, const struct stat *st) {
        _cleanup_close_ int device = -1;
        int read_only = 0;

        if (S_ISREG(st->st_mode))
                return !(st->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) ||
                        (syscall(SYS_faccessat2, fd, "", W_OK, AT_EMPTY_PATH) < 0 && (errno == EROFS || errno == EPERM));
        device = fd_reopen(fd, O_RDONLY | O_NONBLOCK);
        return device >= 0 && ioctl(device, BLKROGET, &read_only) >= 0 && read_only;
}

size_t disk_name_length(const char *file) {
        size_t n = strlen(file), suffix = strlen(DISK_SUFFIX);

        return n > suffix && strcmp(file + n - suffix, DISK_SUFFIX) == 0 ? n - suffix : 0;
}

static char *name_of(const char *path) {
        const char *last = strrchr(path, '/') + 1;

        return strndup(last, disk_name_length(last) ?: strlen(last));
}

static int fill(Image *i, const char *name, bool may_be_file) {
        struct stat st;
        int r;

        if (fstat(i->fd, &st) < 0)
                return -errno;
        if (!S_ISBLK(st.st_mode) && (!S_ISREG(st.st_mode) || !may_be_file))
                return -ENOTBLK;
        i->type = IMAGE_DISK;
        i->read_only = is_read_only(i->fd, &st);
        i->changed_usec = (uint64_t) st.st_mtim.tv_sec * 1000000 + (uint64_t) st.st_mtim.tv_nsec / 1000;
        r = fd_path(i->fd, &i->path);
        if (r < 0)
                return r;
        i->name = name ? strdup(name) : name_of(i->path);
        return i->name ? 0 : -ENOMEM;
}

/* name: what it is called, whatever its path says; may_be_file: not only a device. */
static int open_disk(const char *path, const char *name, bool may_be_file, Image **ret, Error **reterr) {
        _cleanup_(image_freep) Image *i = calloc(1, sizeof(*i));
        int r;

        if (!i)
                return error_oom(reterr);
        i->fd = open_place(path);
        r = i->fd < 0 ? i->fd : fill(i, name, may_be_file);
        if (r == -ELOOP)
                return error_set(reterr, r, "'%s' leads through a link of /proc or a loop of links, which is refused", path);
        if (r == -ENOTBLK && !may_be_file) {
                error_set(reterr, r, "'%s' is neither a directory nor a block device", path);
                return error_hint(reterr, r, "A disk image in a file is found by its name when it is called %s" DISK_SUFFIX ".", path);
        }
        if (r == -ENOTBLK)
                return error_set(reterr, r, "'%s' is neither a directory nor a disk image (a file or a block device)", path);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open '%s'", path);
        if (!string_is_clean(i->path))
                return error_set(reterr, EINVAL, "'%s' leads to a file with control characters in its path", path);
        *ret = TAKE_PTR(i);
        return 0;
}

int image_open_disk(const char *path, const char *name, Image **ret, Error **reterr) {
        const char *called = name && disk_name_length(name) > 0 ? NULL : name; /* the whole of the file's name was written */

        return open_disk(path, called, !called, ret, reterr);
}

int disk_find_beside(const char *directory, const char *name, Image **ret, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        struct stat st;
        int r;

        if (asprintf(&path, "%s/%s" DISK_SUFFIX, directory, name) < 0)
                return error_oom(reterr);
        if (lstat(path, &st) < 0 || S_ISDIR(st.st_mode))
                return 0;
        r = open_disk(path, name, true, ret, reterr);
        return r < 0 ? r : 1;
}
