/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "copy.h"
#include "fd.h"
#include "mount.h"
#include "oci-namespaces.h"
#include "path.h"

#define COVER_FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

void oci_tree_close(OciTree *t) {
        close_fd(t->root);
        close_fd(t->nodes);
        for (size_t i = 0; i < t->n; i++)
                close_fd(t->mounts[i]);
        free(t->mounts);
        *t = OCI_TREE_NONE;
}

/* A bind's source is whatever the engine's path leads to, links and all. */
static int clone_of(const char *path, bool recursive) {
        _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);

        return fd < 0 ? -errno : mount_clone(fd, "", recursive);
}

static int map_ids(const OciSpec *s, const OciMount *m, int mount, Error **reterr) {
        _cleanup_close_ int userns = -1;
        int r;

        if (!m->idmapped)
                return 0;
        userns = oci_userns_of(m->uids.n > 0 ? &m->uids : &s->uids, m->gids.n > 0 ? &m->gids : &s->gids, reterr);
        if (userns < 0)
                return userns;
        r = mount_idmap(mount, userns, m->idmap_recursive);
        return r < 0 ? error_errno(reterr, r, "Cannot map the ids of the mount on %s", m->destination) : 0;
}

/* In this order: a flag that holds for all below gives way to what is said of the mount itself. */
static int set_flags(const OciMount *m, int mount, Error **reterr) {
        int r = m->deep_set || m->deep_clear ? mount_set_attr(mount, m->deep_set, m->deep_clear, true) : 0;

        if (r >= 0 && (m->set || m->clear))
                r = mount_set_attr(mount, m->set, m->clear, false);
        return r < 0 ? error_errno(reterr, r, "Cannot set the options of the mount on %s", m->destination) : 0;
}

/* A copy of what is shared is shared with it: what is mounted in the one is in the other. So all of it is its own but where somebody says
 * otherwise. */
static int set_propagation(int mount, uint64_t propagation, bool deep, Error **reterr) {
        int r = propagation ? mount_propagation_of(mount, propagation, deep) : mount_propagation_of(mount, MS_PRIVATE, true);

        return r < 0 ? error_errno(reterr, r, "Cannot set the propagation of a mount") : 0;
}

static int open_bind(const OciSpec *s, const OciMount *m, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int mount = -1;
        int r;

        if ((m->source[0] == '/' ? asprintf(&path, "%s", m->source) : asprintf(&path, "%s/%s", s->bundle, m->source)) < 0)
                return error_oom(reterr);
        mount = clone_of(path, m->recursive);
        if (mount < 0)
                return error_errno(reterr, mount, "Cannot bind %s to %s", path, m->destination);
        r = map_ids(s, m, mount, reterr);
        if (r >= 0)
                r = set_flags(m, mount, reterr);
        if (r >= 0)
                r = set_propagation(mount, m->propagation, m->propagation_deep, reterr);
        return r < 0 ? r : TAKE_FD(mount);
}

int oci_tree_open(const OciSpec *s, OciTree *t, Error **reterr) {
        t->mounts = calloc(s->n_mounts + 1, sizeof(*t->mounts));
        if (!t->mounts)
                return error_oom(reterr);
        for (; t->n < s->n_mounts; t->n++) {
                const OciMount *m = s->mounts + t->n;

                t->mounts[t->n] = m->bind ? open_bind(s, m, reterr) : -1;
                if (m->bind && t->mounts[t->n] < 0)
                        return t->mounts[t->n];
        }
        if (s->namespaces[OCI_NS_USER].asked) {
                t->nodes = oci_devices_prepare(s, reterr);
                if (t->nodes < 0 && t->nodes != -EPERM)
                        return t->nodes;
        }
        t->root = clone_of(s->root, true);
        if (t->root < 0)
                return error_errno(reterr, t->root, "Cannot open the root file system %s", s->root);
        /* Shared it becomes when all is mounted in it, or the host would see that. */
        return set_propagation(t->root, s->propagation == MS_SLAVE ? MS_SLAVE : 0, true, reterr);
}

/* Where the kernel gives no new one of a kind, since the namespace that it shows is not ours to rule, it is the host's that is shown. */
static int host_has(const char *type) {
        static const char *const places[][2] = { { "proc", "/proc" }, { "sysfs", "/sys" }, { "mqueue", "/dev/mqueue" },
                                                 { "cgroup2", "/sys/fs/cgroup" } };

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (strcmp(type, places[i][0]) == 0)
                        return clone_of(places[i][1], true);
        return -EPERM;
}

static bool takes_context(const char *type) {
        return strcmp(type, "tmpfs") == 0 || strcmp(type, "devpts") == 0 || strcmp(type, "overlay") == 0 || strcmp(type, "mqueue") == 0;
}

/* What the mount shows is fixed when it is made: so it is made by init. */
static int make(const OciSpec *s, const OciMount *m, Error **reterr) {
        const char *type = strcmp(m->type, "cgroup") == 0 ? "cgroup2" : m->type;
        _cleanup_free_ char *options = NULL;
        int mount, r;

        /* Its source is what it is called in mount tables, and of some what it is of. */
        if (asprintf(&options, "source=%s%s%s", m->source && !strchr(m->source, ',') ? m->source : type, m->data ? "," : "", m->data ?: "") < 0)
                return error_oom(reterr);
        mount = mount_new_labelled(type, options, takes_context(type) ? s->mount_label : NULL, 0);

        if (mount == -EPERM || mount == -EBUSY)
                mount = host_has(type);
        if (mount < 0)
                return error_errno(reterr, mount, "Cannot make the %s for %s%s%s", m->type, m->destination, m->data ? " with the options " : "",
                                   m->data ?: "");
        r = set_flags(m, mount, reterr);
        if (r < 0) {
                close_fd(mount);
                return r;
        }
        return mount;
}

/* "tmpcopyup": before it covers what it is to begin as. */
static int copy_up(const OciMount *m, int target, int mount, Error **reterr) {
        _cleanup_close_ int from = fd_reopen(target, O_RDONLY | O_DIRECTORY), to = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat st;
        int r;

        if (from < 0 || to < 0 || fstat(to, &st) < 0)
                return error_errno(reterr, from < 0 ? from : -errno, "Cannot copy what is at %s", m->destination);
        r = copy_tree(from, to, NULL, reterr);
        if (r < 0 || !m->data || !strstr(m->data, "mode=")) /* its own is said */
                return r;
        return fchmod(to, st.st_mode & 07777) < 0 ? error_errno(reterr, errno, "Cannot set the mode of %s", m->destination) : 0;
}

static int open_place(const OciMount *m, int root, int mount, Error **reterr) {
        struct stat st;
        int target;

        if (fstat(mount, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at the mount for %s", m->destination);
        target = S_ISDIR(st.st_mode) ? mkdir_in_root(root, m->destination) : create_in_root(root, m->destination);
        return target < 0 ? error_errno(reterr, target, "Cannot make %s in the container's tree", m->destination) : target;
}

static int place(const OciSpec *s, const OciMount *m, int root, int given, Error **reterr) {
        _cleanup_close_ int mount = given >= 0 ? given : make(s, m, reterr), target = -1;
        int r;

        if (mount < 0)
                return mount;
        target = open_place(m, root, mount, reterr);
        if (target < 0)
                return target;
        r = m->copy_up && !m->bind ? copy_up(m, target, mount, reterr) : 0;
        if (r < 0)
                return r;
        r = mount_attach(mount, target);
        if (r >= 0 && m->propagation && !m->bind)
                r = mount_propagation_of(mount, m->propagation, m->propagation_deep);
        return r < 0 ? error_errno(reterr, r, "Cannot mount on %s in the container", m->destination) : 0;
}

int oci_tree_build(const OciSpec *s, OciTree *t, Error **reterr) {
        _cleanup_close_ int target = -1;
        int r;

        /* What the host mounts later is seen where a bind says so; nothing that is mounted here is seen there. */
        r = mount_propagation(AT_FDCWD, "/", MS_SLAVE);
        if (r < 0)
                return error_errno(reterr, r, "Cannot keep the container's mounts to itself");
        target = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = target < 0 ? -errno : mount_attach(t->root, target);
        if (r < 0)
                return error_errno(reterr, r, "Cannot mount the root file system on %s", s->root);
        for (size_t i = 0; i < s->n_mounts; i++) {
                r = place(s, s->mounts + i, t->root, TAKE_FD(t->mounts[i]), reterr);
                if (r < 0)
                        return r;
        }
        return oci_devices_make(s, t->root, t->nodes, reterr);
}

int oci_tree_enter(const OciSpec *s, OciTree *t, bool pivot, Error **reterr) {
        int r = s->root_read_only ? mount_set_attr(t->root, MOUNT_ATTR_RDONLY, 0, false) : 0;

        if (r < 0)
                return error_errno(reterr, r, "Cannot make the container's root read-only");
        r = fchdir(t->root) < 0 ? -errno : pivot ? mount_pivot_to_cwd() : mount_move_to_root();
        if (r >= 0 && s->propagation && s->propagation != MS_SLAVE)
                r = mount_propagation_of(t->root, s->propagation, s->propagation_deep);
        return r < 0 ? error_errno(reterr, r, "Cannot make the container's tree the root") : 0;
}

/* 1: it is not there, and need not be. */
static int open_inside(int root, const char *path, Error **reterr) {
        int fd = open_in_root(root, path, O_PATH, 0);

        if (fd == -ENOENT || fd == -ENOTDIR || fd == -EACCES)
                return -ENOENT;
        return fd < 0 ? error_errno(reterr, fd, "Cannot open %s in the container", path) : fd;
}

/* What it is masked with is looked at, too: the tree may have anything at /dev/null (CVE-2025-31133). */
static int null_of(int root) {
        _cleanup_close_ int null = open_in_root(root, "/dev/null", O_PATH | O_NOFOLLOW, 0), cover = -1;
        struct stat st;
        int r;

        if (null < 0 || fstat(null, &st) < 0)
                return null < 0 ? null : -errno;
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
                return -ENODEV;
        cover = mount_clone(null, "", false);
        r = cover < 0 ? cover : mount_set_attr(cover, MOUNT_ATTR_RDONLY, 0, false);
        return r < 0 ? r : TAKE_FD(cover);
}

static int mask(const OciSpec *s, int root, const char *path, Error **reterr) {
        _cleanup_close_ int target = open_inside(root, path, reterr), cover = -1;
        struct stat st;
        int r;

        if (target < 0)
                return target == -ENOENT ? 0 : target;
        if (fstat(target, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s in the container", path);
        cover = S_ISDIR(st.st_mode) ? mount_new_labelled("tmpfs", "size=0,nr_inodes=1", s->mount_label, COVER_FLAGS | MOUNT_ATTR_RDONLY) : null_of(root);
        r = cover < 0 ? cover : mount_attach(cover, target);
        return r < 0 ? error_errno(reterr, r, "Cannot mask %s in the container", path) : 0;
}

static int protect(int root, const char *path, Error **reterr) {
        _cleanup_close_ int target = open_inside(root, path, reterr), mount = -1;
        int r;

        if (target < 0)
                return target == -ENOENT ? 0 : target;
        mount = mount_clone(target, "", true);
        r = mount < 0 ? mount : mount_set_attr(mount, MOUNT_ATTR_RDONLY, 0, true);
        if (r >= 0)
                r = mount_attach(mount, target);
        return r < 0 ? error_errno(reterr, r, "Cannot make %s read-only in the container", path) : 0;
}

int oci_tree_cover(const OciSpec *s, Error **reterr) {
        _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r = root < 0 ? error_errno(reterr, errno, "Cannot open the container's root") : 0;

        for (char **p = s->read_only; r >= 0 && p && *p; p++)
                r = protect(root, *p, reterr);
        for (char **p = s->masked; r >= 0 && p && *p; p++)
                r = mask(s, root, *p, reterr);
        return r;
}
