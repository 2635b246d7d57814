/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mount.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "cleanup.h"

static int configure(int fs, const char *options) {
        _cleanup_free_ char *copy = NULL;
        char *state = NULL;

        if (!options)
                return 0;
        copy = strdup(options);
        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
                char *value = strchr(word, '=');
                int r;

                if (value) {
                        *value++ = 0;
                        r = fsconfig(fs, FSCONFIG_SET_STRING, word, value, 0);
                } else
                        r = fsconfig(fs, FSCONFIG_SET_FLAG, word, NULL, 0);
                if (r < 0)
                        return -errno;
        }
        return 0;
}

int mount_new(const char *fstype, const char *options, uint64_t attr) {
        return mount_new_labelled(fstype, options, NULL, attr);
}

int mount_new_labelled(const char *fstype, const char *options, const char *context, uint64_t attr) {
        _cleanup_close_ int fs = fsopen(fstype, FSOPEN_CLOEXEC);
        int fd, r;

        if (fs < 0)
                return -errno;
        r = configure(fs, options);
        if (r < 0)
                return r;
        if (context && fsconfig(fs, FSCONFIG_SET_STRING, "context", context, 0) < 0) /* not among the options: it has commas */
                return -errno;
        if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned) attr);
        return fd < 0 ? -errno : fd;
}

int mount_new_proc(int pidns, uint64_t attr) {
        _cleanup_close_ int fs = fsopen("proc", FSOPEN_CLOEXEC);
        int fd;

        if (fs < 0)
                return -errno;
        if (fsconfig(fs, FSCONFIG_SET_FD, "pidns", NULL, pidns) < 0)
                return errno == EINVAL ? -EOPNOTSUPP : -errno;
        if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned) attr);
        return fd < 0 ? -errno : fd;
}

int mount_clone(int dirfd, const char *path, bool recursive) {
        int fd = open_tree(dirfd, path,
                           OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
                                   (*path ? 0U : (unsigned) AT_EMPTY_PATH) | (recursive ? (unsigned) AT_RECURSIVE : 0U));

        return fd < 0 ? -errno : fd;
}

static int set_attr(int dirfd, const char *path, struct mount_attr *attr, bool recursive) {
        if (mount_setattr(dirfd, path, (*path ? 0U : (unsigned) AT_EMPTY_PATH) | (recursive ? (unsigned) AT_RECURSIVE : 0U),
                          attr, sizeof(*attr)) < 0)
                return -errno;
        return 0;
}

int mount_set_attr(int mount, uint64_t set, uint64_t clear, bool recursive) {
        return set_attr(mount, "", &(struct mount_attr){ .attr_set = set, .attr_clr = clear }, recursive);
}

int mount_idmap(int mount, int userns, bool recursive) {
        return set_attr(mount, "", &(struct mount_attr){ .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) userns },
                        recursive);
}

int mount_propagation(int dirfd, const char *path, uint64_t propagation) {
        return set_attr(dirfd, path, &(struct mount_attr){ .propagation = propagation }, true);
}

int mount_propagation_of(int mount, uint64_t propagation, bool recursive) {
        return set_attr(mount, "", &(struct mount_attr){ .propagation = propagation }, recursive);
}

int mount_own_namespace(void) {
        if (unshare(CLONE_NEWNS) < 0)
                return -errno;
        return mount_propagation(AT_FDCWD, "/", MS_SLAVE);
}

int mount_attach(int mount, int target) {
        if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return -errno;
        return 0;
}

int mount_attach_at(int mount, int dirfd, const char *path) {
        return move_mount(mount, "", dirfd, path, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

int mount_clone_of_new(int mount, const char *name, const char *place) {
        _cleanup_close_ int target = open(place, O_PATH | O_CLOEXEC);
        int r, copy;

        if (target < 0)
                return -errno;
        r = mount_attach(mount, target);
        if (r < 0)
                return r;
        copy = mount_clone(mount, name, false);
        if (umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && copy >= 0) {
                r = -errno;
                close(copy);
                return r;
        }
        return copy;
}

int mount_pivot_to_cwd(void) {
        /* With both arguments the same, the old root ends up stacked on the new one, and "." still names the old. */
        if (syscall(SYS_pivot_root, ".", ".") < 0)
                return -errno;
        if (umount2(".", MNT_DETACH) < 0)
                return -errno;
        return chdir("/") < 0 ? -errno : 0;
}

static int drop_old_root(_unused_ int first, _unused_ int second) {
        return umount2(".", MNT_DETACH) < 0 ? -errno : 0;
}

int mount_pivot_aside(Aside **a) {
        return syscall(SYS_pivot_root, ".", ".") < 0 ? -errno : aside_begin(a, drop_old_root, -1, -1);
}

int mount_move_to_root(void) {
        if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
                return -errno;
        return chdir("/") < 0 ? -errno : 0;
}
