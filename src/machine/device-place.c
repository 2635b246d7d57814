/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-place.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "path.h"

/* One component, of nothing else than this file system. */
static int open_component(int dir, const char *name, int flags) {
        struct open_how how = { .flags = (uint64_t) (unsigned) (O_PATH | O_NOFOLLOW | O_CLOEXEC | flags),
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
        long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

static int make_directory(int dir, const char *name, const DeviceOwner *owner) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = open_component(dir, name, O_DIRECTORY);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        /* Nobody inside can make one that is the host root's: it is ours, just made. */
        if (st.st_uid == 0 && owner->base != 0 && fchownat(fd, "", owner->base, owner->base, AT_EMPTY_PATH) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* The directory that d's node is to be in, and its name there. */
static int open_directory(int dev, const MachineDevice *d, const DeviceOwner *make_for, const char **ret_name) {
        const char *p = d->destination + strlen("/dev");
        int dir = fcntl(dev, F_DUPFD_CLOEXEC, 3);

        for (;;) {
                char name[NAME_MAX + 1];
                size_t n;
                int next;

                p += strspn(p, "/");
                n = strcspn(p, "/");
                if (dir < 0 || !p[n + strspn(p + n, "/")]) {
                        *ret_name = p;
                        return dir < 0 ? -errno : dir;
                }
                if (n > NAME_MAX)
                        next = -ENAMETOOLONG;
                else {
                        snprintf(name, sizeof(name), "%.*s", (int) n, p);
                        next = make_for ? make_directory(dir, name, make_for) : open_component(dir, name, O_DIRECTORY);
                }
                close_fd(dir);
                if (next < 0)
                        return next;
                dir = next;
                p += n;
        }
}

static bool is_that(const struct stat *st, const MachineDevice *d) {
        return (d->block ? S_ISBLK(st->st_mode) : S_ISCHR(st->st_mode)) && major(st->st_rdev) == d->major && minor(st->st_rdev) == d->minor;
}

static gid_t group_of(const MachineDevice *d, const DeviceOwner *owner) {
        if (owner->range == 0)
                return d->group;
        return owner->base + (d->group < owner->range ? d->group : 0);
}

/* Made for nobody to open; then what it is is looked at, and only then has it an owner. */
static int give(int dir, const char *name, const MachineDevice *d, const DeviceOwner *owner) {
        _cleanup_close_ int fd = open_component(dir, name, 0);
        char path[40];
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!is_that(&st, d))
                return -EEXIST;
        if (fchownat(fd, "", owner->base, group_of(d, owner), AT_EMPTY_PATH) < 0)
                return -errno;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return chmod(path, d->mode) < 0 ? -errno : 0;
}

int device_place(int dev, const MachineDevice *d, const DeviceOwner *owner, Error **reterr) {
        _cleanup_close_ int dir = -1;
        const char *name;
        int r;

        if (d->bound)
                return 0;
        dir = open_directory(dev, d, owner, &name);
        r = dir;
        if (r >= 0 && mknodat(dir, name, d->block ? S_IFBLK : S_IFCHR, makedev(d->major, d->minor)) < 0 && errno != EEXIST)
                r = -errno;
        if (r >= 0)
                r = give(dir, name, d, owner);
        if (r == -EEXIST)
                return error_set(reterr, EEXIST, "There is something else at %s in the machine already", d->destination);
        if (r < 0)
                error_errno(reterr, r, "Cannot make %s in the machine", d->destination);
        if (r == -EPERM)
                error_hint(reterr, r, "nbox that runs in a machine itself can make no device. What this machine has it can bind to a place "
                           "outside of /dev: --bind=%s:/srv/NAME", d->source);
        return r < 0 ? r : 0;
}

int device_unplace(int dev, const MachineDevice *d, Error **reterr) {
        _cleanup_close_ int dir = -1, fd = -1;
        const char *name;
        struct stat st;

        if (d->bound)
                return 0;
        dir = open_directory(dev, d, NULL, &name);
        fd = dir < 0 ? dir : open_component(dir, name, 0);
        if (fd == -ENOENT || (fd >= 0 && (fstat(fd, &st) < 0 || !is_that(&st, d))))
                return 0;
        if (fd < 0 || unlinkat(dir, name, 0) < 0)
                return error_errno(reterr, fd < 0 ? fd : errno, "Cannot remove %s from the machine", d->destination);
        return 0;
}

int device_open_dev(int root, uint64_t dev_id, Error **reterr) {
        _cleanup_close_ int fd = open_in_root(root, "/dev", O_PATH | O_DIRECTORY, 0);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, fd < 0 ? fd : errno, "Cannot open the machine's /dev");
        if (dev_id == 0 || st.st_dev != dev_id) {
                error_set(reterr, ESTALE,
                          dev_id == 0 ? "The machine was started by an older nbox, which gives no devices to machines that run"
                                                      : "The machine has mounted something of its own on /dev");
                return error_hint(reterr, -ESTALE, "Reboot it.");
        }
        return TAKE_FD(fd);
}
