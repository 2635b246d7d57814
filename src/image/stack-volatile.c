/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

/* --volatile=yes, as systemd-nspawn(1) has it: a tmpfs, with the tree's /usr in it. What of the tree's top directories stands elsewhere
 * than in /usr, where an older system has its programs, comes along; so do the links at the top, since not every init makes them as systemd
 * does. /etc is empty, which systemd takes for a first boot and fills; for another init the tree's is laid below a tmpfs. */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "fd.h"
#include "mount.h"
#include "overlay.h"
#include "path.h"
#include "stack-parts.h"

#define ROOT_LIMITS "size=25%,nr_inodes=1M"
#define ENTRIES_MAX 256 /* of the top directory; the tree is a guest's */

static const char *const programs[] = { "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

typedef struct VolatileRoot {
        const StackMount *how;
        int tree; /* attached, as the machine would see it */
        int root; /* the tmpfs, attached */
} VolatileRoot;

static bool has_programs(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(programs); i++)
                if (strcmp(name, programs[i]) == 0)
                        return true;
        return false;
}

static int bind_directory(const VolatileRoot *v, const char *name) {
        _cleanup_close_ int source = openat(v->tree, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                            target = openat(v->root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), mount = -1;
        int r;

        if (source < 0 || target < 0)
                return -errno;
        mount = mount_clone(source, "", true);
        r = mount < 0 ? mount : mount_set_attr(mount, v->how->attr | MOUNT_ATTR_RDONLY, 0, true);
        return r < 0 ? r : mount_attach(mount, target);
}

static int overlay_directory(const VolatileRoot *v, const char *name, const struct stat *st) {
        _cleanup_close_ int lower = openat(v->tree, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), tmpfs = -1, upper = -1, work = -1,
                            mount = -1, target = -1;

        tmpfs = mount_new("tmpfs", "mode=0700," ROOT_LIMITS, MOUNT_ATTR_NODEV);
        if (lower < 0 || tmpfs < 0)
                return lower < 0 ? -errno : tmpfs;
        if (mkdirat(tmpfs, "upper", 0700) < 0 || mkdirat(tmpfs, "work", 0700) < 0 ||
            fchownat(tmpfs, "upper", st->st_uid, st->st_gid, 0) < 0 || fchmodat(tmpfs, "upper", st->st_mode & 07777, 0) < 0)
                return -errno;
        upper = openat(tmpfs, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
        work = openat(tmpfs, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
        target = openat(v->root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (upper < 0 || work < 0 || target < 0)
                return -errno;
        mount = overlay_new(&(OverlayLayers){ .lowers = &lower, .n_lowers = 1, .upper = upper, .work = work, .mounts = &tmpfs,
                                              .n_mounts = 1, .passing = true, .context = v->how->context },
                            STACK_DIRECTORY, v->how->attr & ~(uint64_t) MOUNT_ATTR_RDONLY);
        return mount < 0 ? mount : mount_attach(mount, target);
}

static int copy_link(const VolatileRoot *v, const char *name, const struct stat *st) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(v->tree, name, target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = 0;
        if (symlinkat(target, v->root, name) < 0 || fchownat(v->root, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return 0;
}

static int make_directory(const VolatileRoot *v, const char *name, const struct stat *st) {
        if (mkdirat(v->root, name, 0700) < 0 || fchownat(v->root, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
            fchmodat(v->root, name, st->st_mode & 07777, 0) < 0)
                return -errno;
        return 0;
}

static int fill_entry(const VolatileRoot *v, const char *name) {
        struct stat st;
        int r;

        if (fstatat(v->tree, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISLNK(st.st_mode))
                return copy_link(v, name, &st);
        if (!S_ISDIR(st.st_mode))
                return 0;
        r = make_directory(v, name, &st);
        if (r < 0)
                return r;
        if (has_programs(name))
                return bind_directory(v, name);
        return v->how->furnish && (strcmp(name, "etc") == 0 || strcmp(name, "var") == 0) ? overlay_directory(v, name, &st) : 0;
}

static int fill(const VolatileRoot *v, Error **reterr) {
        _cleanup_closedir_ DIR *dir = fd_opendir(v->tree, ".");
        unsigned n = 0;
        struct dirent *e;

        if (!dir)
                return error_errno(reterr, errno, "Cannot read the tree");
        while ((e = readdir(dir))) {
                int r;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                if (n++ >= ENTRIES_MAX)
                        return error_set(reterr, E2BIG, "There are more than %d files in the top directory of the tree", ENTRIES_MAX);
                r = fill_entry(v, e->d_name);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot make /%s of the volatile tree", e->d_name);
        }
        return 0;
}

static int make_root(const VolatileRoot *v) {
        _cleanup_close_ int fd = -1;
        char options[96];
        struct stat st;

        if (fstat(v->tree, &st) < 0)
                return -errno;
        snprintf(options, sizeof(options), "mode=0755,uid=%u,gid=%u,%s", st.st_uid, st.st_gid, ROOT_LIMITS);
        return mount_new_labelled("tmpfs", options, v->how->context, v->how->attr & ~(uint64_t) MOUNT_ATTR_RDONLY);
}

int stack_mount_volatile(ImageStack *s, const StackMount *how, const char *place, Error **reterr) {
        StackMount whole = *how;
        _cleanup_close_ int tree = -1, root = -1;
        VolatileRoot v = { .how = how };
        int r;

        whole.attr |= MOUNT_ATTR_RDONLY;
        tree = stack_mount_all(s, &(PartMount){ &whole, false }, STACK_DIRECTORY, reterr);
        if (tree < 0)
                return tree;
        v.tree = tree;
        root = make_root(&v);
        if (root < 0)
                return error_errno(reterr, root, "Cannot make a tmpfs for the machine's root");
        v.root = root;
        r = stack_attach_at(s, root, place, reterr);
        if (r >= 0)
                r = fill(&v, reterr);
        (void) umount2(STACK_DIRECTORY, MNT_DETACH | UMOUNT_NOFOLLOW); /* the tree, which is the last that was attached there */
        return r < 0 ? r : TAKE_FD(root);
}
