/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mount.h"
#include "oci-tree.h"
#include "path.h"

/* What the specification has in every container's /dev. */
static const OciDevice usual[] = {
        { .path = "/dev/null", .mode = S_IFCHR | 0666, .major = 1, .minor = 3 },
        { .path = "/dev/zero", .mode = S_IFCHR | 0666, .major = 1, .minor = 5 },
        { .path = "/dev/full", .mode = S_IFCHR | 0666, .major = 1, .minor = 7 },
        { .path = "/dev/random", .mode = S_IFCHR | 0666, .major = 1, .minor = 8 },
        { .path = "/dev/urandom", .mode = S_IFCHR | 0666, .major = 1, .minor = 9 },
        { .path = "/dev/tty", .mode = S_IFCHR | 0666, .major = 5, .minor = 0 },
};

static const struct {
        const char *path, *target;
} links[] = {
        { "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
        { "core", "/proc/kcore" }, { "ptmx", "pts/ptmx" },
};

/* Nobody makes a device in a user namespace: there the host's own stands in its place, if it is that very one. */
static int bind_device(int dir, const char *name, const OciDevice *d) {
        _cleanup_close_ int own = open(d->path, O_PATH | O_CLOEXEC), target = -1, mount = -1;
        struct stat st;

        if (own < 0 || fstat(own, &st) < 0)
                return -errno;
        if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) || st.st_rdev != makedev(d->major, d->minor))
                return -ENODEV;
        if (mknodat(dir, name, S_IFREG | 0600, 0) < 0)
                return -errno;
        target = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0)
                return -errno;
        mount = mount_clone(own, "", false);
        return mount < 0 ? mount : mount_attach(mount, target);
}

static int make_device(int dir, const char *name, const OciDevice *d) {
        int r = mknodat(dir, name, d->mode, makedev(d->major, d->minor)) < 0 ? -errno : 0;

        if (r == -EEXIST) /* a bind of the host's /dev, or a mount on it, says what is there */
                return 0;
        if (r == -EPERM)
                return bind_device(dir, name, d);
        if (r < 0)
                return r;
        if (fchmodat(dir, name, d->mode & 07777, 0) < 0) /* whatever the umask */
                return -errno;
        return fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int place_device(int root, const OciDevice *d, Error **reterr) {
        const char *name = strrchr(d->path, '/') + 1;
        _cleanup_free_ char *parent = strndup(d->path, (size_t) (name - d->path));
        _cleanup_close_ int dir = parent ? mkdir_in_root(root, parent) : -ENOMEM;
        int r = dir < 0 ? dir : make_device(dir, name, d);

        return r < 0 ? error_errno(reterr, r, "Cannot make the device %s in the container", d->path) : 0;
}

static bool is_asked(const OciSpec *s, const char *path) {
        for (size_t i = 0; i < s->n_devices; i++)
                if (strcmp(s->devices[i].path, path) == 0)
                        return true;
        return false;
}

static int make_links(int dev, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(links); i++)
                if (symlinkat(links[i].target, dev, links[i].path) < 0 && errno != EEXIST)
                        return error_errno(reterr, errno, "Cannot make the link /dev/%s in the container", links[i].path);
        return 0;
}

/* A place for the terminal, which is mounted there. */
static int make_console(int dev, Error **reterr) {
        if (mknodat(dev, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make /dev/console in the container");
        return 0;
}

/* Where the bundle mounts nothing on /dev, it is the tree's, and what lacks is made there. */
int oci_devices_make(const OciSpec *s, int root, Error **reterr) {
        _cleanup_close_ int dev = mkdir_in_root(root, "/dev");
        int r = 0;

        if (dev < 0)
                return error_errno(reterr, dev, "Cannot open /dev in the container's tree");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(usual); i++)
                r = is_asked(s, usual[i].path) ? 0 : place_device(root, usual + i, reterr);
        for (size_t i = 0; r >= 0 && i < s->n_devices; i++)
                r = place_device(root, s->devices + i, reterr);
        if (r >= 0)
                r = make_links(dev, reterr);
        return r < 0 || !s->process.terminal ? r : make_console(dev, reterr);
}
