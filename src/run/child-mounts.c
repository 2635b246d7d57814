/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child-mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "api-guard.h"
#include "limits.h"
#include "mount.h"
#include "path.h"
#include "relabel.h"

static int attach_at(int root, const char *path, int mount, int flags, Error **reterr) {
        _cleanup_close_ int target = open_in_root(root, path, O_PATH | flags, 0);
        int r;

        if (target < 0)
                return error_errno(reterr, target, "Cannot open %s in the machine's tree", path);
        r = mount_attach(mount, target);
        if (r < 0)
                return error_errno(reterr, r, "Cannot mount on %s in the machine", path);
        return 0;
}

/* In a user namespace the kernel takes no context for mqueue: there its root is labelled, and what is made in it has its maker's. */
static int mqueue_new(const char *context) {
        _cleanup_close_ int mount = mount_new("mqueue", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), root = -1;
        int r;

        if (mount < 0 || !context)
                return TAKE_FD(mount);
        root = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = root < 0 ? -errno : file_label_set(root, context);
        return r < 0 ? r : TAKE_FD(mount);
}

static int devpts_new(const char *context) {
        return mount_new_labelled("devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5," LIMIT_DEVPTS, context,
                                  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

static int attach_fs_at(int root, const char *fstype, int fd, const char *path, Error **reterr) {
        _cleanup_close_ int mount = fd;

        if (mount < 0)
                return error_errno(reterr, mount, "Cannot make the machine's %s", fstype);
        return attach_at(root, path, mount, O_DIRECTORY, reterr);
}

/* The flags that /run is expected to have, set in our own namespace, so that they are the guest's to change. */
static int finish_run(int root, Error **reterr) {
        _cleanup_close_ int run = open_in_root(root, "/run", O_PATH | O_DIRECTORY, 0);
        int r = run < 0 ? run : mount_set_attr(run, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, false);

        return r < 0 ? error_errno(reterr, r, "Cannot set the flags of the machine's /run") : 0;
}

static int attach_api(const ChildApiFds *api, int root, Error **reterr) {
        static const char *const places[] = { "/proc", "/sys" };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(places) && api->fds[i] >= 0; i++)
                r = attach_at(root, places[i], api->fds[i], O_DIRECTORY, reterr);
        return r;
}

static int guard_api(const MachinePlan *p, const ChildApiFds *api, int root, Error **reterr) {
        if (api_guarded_by(p) != GUARDED_BY_CHILD)
                return 0;
        return api->guarded ? api_guard_rest(p, root, api->fds, api->left, reterr) : api_guard(p, root, api->sys_fs, reterr);
}

static int open_root(Error **reterr) {
        int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        return root < 0 ? error_errno(reterr, errno, "Cannot open the root") : root;
}

int child_mount_own(const MachinePlan *p, Error **reterr) {
        _cleanup_close_ int root = open_root(reterr);
        int r = root;

        if (r >= 0)
                r = attach_fs_at(root, "devpts", devpts_new(p->labels.mount), "/dev/pts", reterr);
        if (r >= 0)
                r = attach_fs_at(root, "mqueue", mqueue_new(p->labels.mount), "/dev/mqueue", reterr);
        return r < 0 ? r : finish_run(root, reterr);
}

int child_mount_api(const MachinePlan *p, const ChildApiFds *api, LxcfsFiles *lxcfs, Error **reterr) {
        _cleanup_close_ int root = open_root(reterr);
        int r = root;

        if (r >= 0)
                r = attach_api(api, root, reterr);
        if (r >= 0)
                r = guard_api(p, api, root, reterr);
        if (r >= 0)
                r = lxcfs_attach(lxcfs, root, reterr);
        lxcfs_done(lxcfs);
        return r;
}

int child_mount_cgroup(Error **reterr) {
        _cleanup_close_ int mount = -1, target = -1;
        int r;

        if (unshare(CLONE_NEWCGROUP) < 0)
                return error_errno(reterr, errno, "Cannot make a cgroup namespace");
        target = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (target < 0)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot open the machine's /sys/fs/cgroup");
        mount = mount_new("cgroup2", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        r = mount < 0 ? mount : mount_attach(mount, target);
        if (r < 0)
                return error_errno(reterr, r, "Cannot mount the machine's cgroup hierarchy");
        return 0;
}

int child_place_tty(int pts, unsigned number, const char *name) {
        _cleanup_close_ int dev = -1, target = -1, mount = -1;
        char slave[16];

        snprintf(slave, sizeof(slave), "%u", number);
        dev = open("/dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dev < 0)
                return -errno;
        target = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0)
                return -errno;
        mount = mount_clone(pts, slave, false);
        return mount < 0 ? mount : mount_attach(mount, target);
}
