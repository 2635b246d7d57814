/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quota.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "btrfs.h"
#include "btrfs-quota.h"
#include "fd.h"
#include "log.h"
#include "project-quota.h"
#include "store.h"
#include "text.h"

/* Projects are numbers, that others may use as well: ours are looked for in a range that nobody does by hand. */
#define PROJECT_FIRST 0x6e620000U /* "nb" */
#define PROJECTS 0xffffU
#define DEPTH_MAX 256

/* ---- a tree of a project ---- */

static int give(int dir, uint32_t project, unsigned depth);

/* Regular files and directories have one; all else takes no room. */
static int give_entry(int dir, const char *name, uint32_t project, unsigned depth) {
        struct open_how how = {
                .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
        };
        _cleanup_close_ int fd = (int) syscall(SYS_openat2, dir, name, &how, sizeof(how));
        struct stat st;
        int r;

        if (fd < 0)
                return errno == ENOENT || errno == EXDEV || errno == ELOOP ? 0 : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return give(fd, project, depth - 1);
        r = S_ISREG(st.st_mode) ? project_set(fd, project) : 0;
        return r == -EPERM ? 0 : r; /* immutable: what it has, it keeps */
}

/* The directory itself comes last: a tree whose top has the project has been gone through to its end. */
static int give(int dir, uint32_t project, unsigned depth) {
        _cleanup_closedir_ DIR *d = depth > 0 ? fd_opendir(dir, ".") : NULL;
        int r = 0;

        if (!d)
                return depth > 0 ? -errno : -ELOOP;
        for (struct dirent *e; r >= 0 && (errno = 0, e = readdir(d));)
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        r = give_entry(dirfd(d), e->d_name, project, depth);
        if (r >= 0 && errno)
                r = -errno;
        return r < 0 ? r : project_set(dir, project);
}

/* A number that nothing bears and that has no limit. The same name finds the same, where it is free. */
static int choose_project(const Image *image, uint32_t *ret) {
        uint32_t first = (uint32_t) (string_hash(image->path) % PROJECTS);

        for (uint32_t i = 0; i < PROJECTS; i++) {
                uint64_t used, limit;
                int r;

                *ret = PROJECT_FIRST + (first + i) % PROJECTS;
                r = project_quota_get(image->fd, *ret, &used, &limit);
                if (r < 0 || (used == 0 && limit == 0))
                        return r;
        }
        return -ENOSPC;
}

static int no_quotas(const Image *image, Error **reterr) {
        error_set(reterr, EOPNOTSUPP, "The file system of %s keeps no quotas that an image could have", image->path);
        return error_hint(reterr, -EOPNOTSUPP,
                          "btrfs does by itself; xfs where it is mounted with prjquota, ext4 where it also has the features 'project' and "
                          "'quota', and inodes of 256 bytes (tune2fs(8)).");
}

/* On layers: what the next layer's files come from, overlayfs's work directory, is of the same project, or nothing could be moved out of
 * it. */
static int give_image(const Image *image, uint32_t project) {
        _cleanup_close_ int work = -1;
        int r = 0;

        if (image->type == IMAGE_LAYERED) {
                work = openat(image->fd, "../work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                r = work < 0 ? -errno : give(work, project, DEPTH_MAX);
        }
        return r < 0 ? r : give(image->fd, project, DEPTH_MAX);
}

static int limit_project(const Image *image, uint64_t bytes, Error **reterr) {
        uint64_t used, limit;
        uint32_t project;
        int r = project_get(image->fd, &project);

        if (r >= 0)
                r = project_quota_get(image->fd, project, &used, &limit);
        if (r >= 0 && project == 0 && bytes != QUOTA_NONE) {
                r = choose_project(image, &project);
                if (r >= 0)
                        r = give_image(image, project);
        }
        if (r == -EOPNOTSUPP || r == -ESRCH || r == -ENOSYS || r == -ENOTTY || r == -EINVAL)
                return bytes == QUOTA_NONE ? 0 : no_quotas(image, reterr);
        if (r >= 0 && project != 0)
                r = project_quota_set(image->fd, project, bytes == QUOTA_NONE ? 0 : bytes);
        if (r < 0)
                error_errno(reterr, r, "Cannot limit %s", image->path);
        return r == -EPERM && image->read_only ? error_hint(reterr, r, "`nbox read-only %s no` has it changed again.", image->name) : r;
}

static int limit_subvolume(const Image *image, uint64_t bytes, Error **reterr) {
        bool enabled;
        int r = btrfs_quota_set(image->fd, bytes, &enabled);

        if (r < 0)
                return error_errno(reterr, r, "Cannot limit the subvolume %s", image->path);
        if (enabled)
                log_info("Quotas of the file system of %s were off, and are on now; it takes a while until all is counted", image->path);
        return 0;
}

int quota_set_limit(const Image *image, uint64_t bytes, Error **reterr) {
        if (image->type == IMAGE_DISK) {
                error_set(reterr, EOPNOTSUPP, "%s is a disk image, which takes as much as it is large", image->path);
                return error_hint(reterr, -EOPNOTSUPP, "`nbox image resize %s SIZE` makes it larger or smaller.", image->name);
        }
        return image->type == IMAGE_SUBVOLUME ? limit_subvolume(image, bytes, reterr) : limit_project(image, bytes, reterr);
}

/* ---- reading ---- */

static int subvolume_usage(const Image *image, ImageUsage *u) {
        BtrfsQuota quota;

        if (btrfs_quota_get(image->fd, &quota) < 0)
                return 0;
        *u = (ImageUsage){ .own = quota.exclusive, .whole = quota.referenced, .limit = quota.limit };
        return 1;
}

int quota_usage(const Image *image, ImageUsage *u) {
        uint64_t used, limit;
        uint32_t project;

        if (image->type == IMAGE_DISK)
                return 0;
        if (image->type == IMAGE_SUBVOLUME)
                return subvolume_usage(image, u);
        if (project_get(image->fd, &project) >= 0 && project != 0 && project_quota_get(image->fd, project, &used, &limit) >= 0 && limit > 0)
                u->limit = limit;
        return 0;
}

static int follow_subvolume(int below, int subvolume) {
        BtrfsQuota quota;
        bool enabled;
        int r = btrfs_quota_get(below, &quota);

        if (r == -ENOENT || r == -ENODATA)
                return 0;
        return r < 0 || quota.limit == QUOTA_NONE ? r : btrfs_quota_set(subvolume, quota.limit, &enabled);
}

int quota_follow(int below, int layer) {
        _cleanup_close_ int tree = openat(layer, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_close_ int work = openat(layer, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        uint32_t project;
        int r;

        if (btrfs_is_subvolume(below))
                return tree < 0 ? -ENOENT : follow_subvolume(below, tree);
        r = project_get(below, &project);
        if (r < 0 || project == 0)
                return r == -EOPNOTSUPP || r == -ENOTTY ? 0 : r;
        if (tree < 0 || work < 0)
                return -ENOENT;
        r = give(tree, project, DEPTH_MAX);
        return r < 0 ? r : give(work, project, DEPTH_MAX);
}
