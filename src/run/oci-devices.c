/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fd.h"
#include "mount.h"
#include "oci-tree.h"
#include "path.h"

#define NODE_NAME 24
#define NODES ".nodes"

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

/* nbox that runs in a container itself makes none either: what its own /dev has stands in its place, if it is that very one. */
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

/* The i-th of all: the usual ones, but those that the bundle says itself, and the bundle's. NULL: that one is left out. */
static const OciDevice *device_at(const OciSpec *s, size_t i) {
        if (i >= ELEMENTSOF(usual))
                return s->devices + (i - ELEMENTSOF(usual));
        for (size_t k = 0; k < s->n_devices; k++)
                if (strcmp(s->devices[k].path, usual[i].path) == 0)
                        return NULL;
        return usual + i;
}

static size_t count_devices(const OciSpec *s) {
        return ELEMENTSOF(usual) + s->n_devices;
}

static void name_of(size_t i, char name[NODE_NAME]) {
        snprintf(name, NODE_NAME, "%zu", i);
}

static int make_node(const OciSpec *s, int dir, const char *name, const OciDevice *d) {
        uint32_t uid, gid;

        if (!oci_id_outside(&s->uids, d->uid, &uid) || !oci_id_outside(&s->gids, d->gid, &gid))
                return -EOVERFLOW;
        if (mknodat(dir, name, d->mode, makedev(d->major, d->minor)) < 0 || fchmodat(dir, name, d->mode & 07777, 0) < 0 ||
            fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return 0;
}

int oci_devices_prepare(const OciSpec *s, Error **reterr) {
        _cleanup_close_ int mount = mount_new_labelled("tmpfs", "mode=0755,size=64k", s->mount_label, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        int r = mount < 0 ? mount : 0;

        for (size_t i = 0; r >= 0 && i < count_devices(s); i++) {
                const OciDevice *d = device_at(s, i);
                char name[NODE_NAME];

                name_of(i, name);
                r = d ? make_node(s, mount, name, d) : 0;
        }
        if (r == -EPERM) /* we are in a container ourselves: then what it has is bound */
                return r;
        return r < 0 ? error_errno(reterr, r, "Cannot make the container's devices") : TAKE_FD(mount);
}

static int bind_node(int dir, const char *name, int nodes, size_t i) {
        _cleanup_close_ int target = -1, mount = -1;
        char number[NODE_NAME];

        name_of(i, number);
        if (mknodat(dir, name, S_IFREG | 0600, 0) < 0)
                return -errno;
        target = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0)
                return -errno;
        mount = mount_clone(nodes, number, false);
        return mount < 0 ? mount : mount_attach(mount, target);
}

static int make_device(int dir, const char *name, const OciDevice *d, int nodes, size_t i) {
        int r = mknodat(dir, name, d->mode, makedev(d->major, d->minor)) < 0 ? -errno : 0;

        if (r == -EEXIST) /* a bind of the host's /dev, or a mount on it, says what is there */
                return 0;
        if (r == -EPERM)
                return nodes >= 0 ? bind_node(dir, name, nodes, i) : bind_device(dir, name, d);
        if (r < 0)
                return r;
        if (fchmodat(dir, name, d->mode & 07777, 0) < 0) /* whatever the umask */
                return -errno;
        return fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int place_device(int root, const OciDevice *d, int nodes, size_t i, Error **reterr) {
        const char *name = strrchr(d->path, '/') + 1;
        _cleanup_free_ char *parent = strndup(d->path, (size_t) (name - d->path));
        _cleanup_close_ int dir = parent ? mkdir_in_root(root, parent) : -ENOMEM;
        int r = dir < 0 ? dir : make_device(dir, name, d, nodes, i);

        return r < 0 ? error_errno(reterr, r, "Cannot make the device %s in the container", d->path) : 0;
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

/* Before Linux 6.15 only what stands somewhere can be copied: so the nodes stand in /dev for that moment. */
static int begin_nodes(int dev, int nodes) {
        _cleanup_close_ int place = -1;

        if (mkdirat(dev, NODES, 0700) < 0)
                return -errno;
        place = openat(dev, NODES, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return place < 0 ? -errno : mount_attach(nodes, place);
}

static int end_nodes(int dev) {
        if (fchdir(dev) < 0 || umount2(NODES, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 || unlinkat(dev, NODES, AT_REMOVEDIR) < 0)
                return -errno;
        return chdir("/") < 0 ? -errno : 0;
}

static int place_devices(const OciSpec *s, int root, int dev, int nodes, Error **reterr) {
        int r = nodes >= 0 ? begin_nodes(dev, nodes) : 0;

        if (r < 0)
                return error_errno(reterr, r, "Cannot bring the devices into the container");
        for (size_t i = 0; r >= 0 && i < count_devices(s); i++) {
                const OciDevice *d = device_at(s, i);

                r = d ? place_device(root, d, nodes, i, reterr) : 0;
        }
        if (r < 0 || nodes < 0)
                return r;
        r = end_nodes(dev);
        return r < 0 ? error_errno(reterr, r, "Cannot take the devices' place away") : 0;
}

/* Where the bundle mounts nothing on /dev, it is the tree's, and what lacks is made there. */
int oci_devices_make(const OciSpec *s, int root, int nodes, Error **reterr) {
        _cleanup_close_ int path = mkdir_in_root(root, "/dev"), dev = path < 0 ? path : fd_reopen(path, O_RDONLY | O_DIRECTORY);
        int r;

        if (dev < 0)
                return error_errno(reterr, dev, "Cannot open /dev in the container's tree");
        r = place_devices(s, root, dev, nodes, reterr);
        if (r >= 0)
                r = make_links(dev, reterr);
        return r < 0 || !s->process.terminal ? r : make_console(dev, reterr);
}
