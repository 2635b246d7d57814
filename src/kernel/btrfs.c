/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "btrfs.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "cleanup.h"
#include "fd.h"

/* A subvolume may have others in it: a Debian that boots from one makes /var/lib/machines and /var/lib/portables so. The kernel deletes
 * none that has, and leaves them out of a snapshot. They are found in the tree of roots, which says of each where it is, and not by walking
 * through files. */

#define DEPTH_MAX 32

typedef struct Child {
        uint64_t id;
        uint64_t directory; /* inode number in its parent */
        char name[BTRFS_VOL_NAME_MAX + 1];
} Child;

static bool is_on_btrfs(int fd) {
        struct statfs fs;

        return fstatfs(fd, &fs) >= 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

bool btrfs_is_subvolume(int fd) {
        struct stat st;

        return fstat(fd, &st) >= 0 && S_ISDIR(st.st_mode) && st.st_ino == BTRFS_FIRST_FREE_OBJECTID && is_on_btrfs(fd);
}

static int open_directory(int fd) {
        return fd_reopen(fd, O_RDONLY | O_DIRECTORY);
}

static int set_name(char *to, size_t size, const char *name) {
        if (strlen(name) >= size)
                return -ENAMETOOLONG;
        strcpy(to, name);
        return 0;
}

int btrfs_create(int dir, const char *name) {
        struct btrfs_ioctl_vol_args args = {};
        _cleanup_close_ int to = -1;
        int r = set_name(args.name, sizeof(args.name), name);

        if (r < 0)
                return r;
        if (!is_on_btrfs(dir))
                return -EOPNOTSUPP;
        to = open_directory(dir);
        if (to < 0)
                return to;
        return ioctl(to, BTRFS_IOC_SUBVOL_CREATE, &args) < 0 ? -errno : 0;
}

/* ---- read-only ---- */

static int get_flags(int fd, uint64_t *ret) {
        __u64 flags;

        if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0)
                return -errno;
        *ret = flags;
        return 0;
}

static int set_read_only(int fd, bool on) {
        uint64_t flags = 0;
        __u64 wanted;
        int r = get_flags(fd, &flags);

        if (r < 0)
                return r;
        wanted = on ? flags | BTRFS_SUBVOL_RDONLY : flags & ~(uint64_t) BTRFS_SUBVOL_RDONLY;
        return wanted != flags && ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &wanted) < 0 ? -errno : 0;
}

int btrfs_set_read_only(int subvolume, bool on) {
        _cleanup_close_ int fd = -1;

        if (!btrfs_is_subvolume(subvolume))
                return -EOPNOTSUPP;
        fd = open_directory(subvolume);
        return fd < 0 ? fd : set_read_only(fd, on);
}

bool btrfs_is_read_only(int subvolume) {
        _cleanup_close_ int fd = btrfs_is_subvolume(subvolume) ? open_directory(subvolume) : -1;
        uint64_t flags = 0;

        return fd >= 0 && get_flags(fd, &flags) >= 0 && (flags & BTRFS_SUBVOL_RDONLY);
}

/* ---- those in it ---- */

static int subvolume_id(int fd, uint64_t *ret) {
        struct btrfs_ioctl_ino_lookup_args args = { .objectid = BTRFS_FIRST_FREE_OBJECTID };

        if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0)
                return -errno;
        *ret = args.treeid;
        return 0;
}

/* What a reference of the tree of roots says; the kernel wrote it, on a disk that may be anybody's. */
static int parse_reference(const struct btrfs_ioctl_search_header *header, const char *data, size_t room, Child *ret) {
        struct btrfs_root_ref ref;
        size_t length;

        if (header->len > room || header->len < sizeof(ref))
                return -EUCLEAN;
        memcpy(&ref, data, sizeof(ref));
        length = le16toh(ref.name_len);
        if (length == 0 || length > BTRFS_VOL_NAME_MAX || sizeof(ref) + length > header->len)
                return -EUCLEAN;
        *ret = (Child){ .id = header->offset, .directory = le64toh(ref.dirid) };
        memcpy(ret->name, data + sizeof(ref), length);
        return strlen(ret->name) != length || strchr(ret->name, '/') ? -EUCLEAN : 0;
}

/* The first subvolume in this one whose id is `from` or above: 1; 0: there is none. */
static int next_child(int fd, uint64_t id, uint64_t from, Child *ret) {
        struct btrfs_ioctl_search_args args = {
                .key = {
                        .tree_id = BTRFS_ROOT_TREE_OBJECTID,
                        .min_objectid = id, .max_objectid = id,
                        .min_type = BTRFS_ROOT_REF_KEY, .max_type = BTRFS_ROOT_REF_KEY,
                        .min_offset = from, .max_offset = UINT64_MAX,
                        .max_transid = UINT64_MAX,
                        .nr_items = 1,
                },
        };
        struct btrfs_ioctl_search_header header;
        int r;

        if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) < 0)
                return -errno;
        if (args.key.nr_items == 0)
                return 0;
        memcpy(&header, args.buf, sizeof(header));
        r = parse_reference(&header, args.buf + sizeof(header), sizeof(args.buf) - sizeof(header), ret);
        return r < 0 ? r : 1;
}

/* The directory that a child is in. */
static int open_directory_of(int fd, uint64_t id, uint64_t directory) {
        struct btrfs_ioctl_ino_lookup_args args = { .treeid = id, .objectid = directory };
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
        };
        long r;

        if (directory == BTRFS_FIRST_FREE_OBJECTID)
                return fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0)
                return -errno;
        args.name[sizeof(args.name) - 1] = 0; /* "a/b/" */
        r = syscall(SYS_openat2, fd, args.name, &how, sizeof(how));
        return r < 0 ? -errno : (int) r;
}

static int open_subvolume(int dir, const char *name) {
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
        };
        _cleanup_close_ int fd = (int) syscall(SYS_openat2, dir, name, &how, sizeof(how));

        if (fd < 0)
                return -errno;
        return btrfs_is_subvolume(fd) ? TAKE_FD(fd) : -EOPNOTSUPP;
}

/* ---- removing ---- */

static int remove_subvolume(int dir, const char *name, unsigned depth);

static int remove_children(int fd, unsigned depth) {
        uint64_t id = 0;
        Child child;
        int r = subvolume_id(fd, &id);

        if (r < 0)
                return r;
        while ((r = next_child(fd, id, 0, &child)) > 0) {
                _cleanup_close_ int dir = -1;

                if (depth == 0)
                        return -ELOOP;
                r = set_read_only(fd, false); /* nothing can be deleted in one that is not */
                if (r < 0)
                        return r;
                dir = open_directory_of(fd, id, child.directory);
                if (dir < 0)
                        return dir;
                r = remove_subvolume(dir, child.name, depth - 1);
                if (r < 0)
                        return r;
        }
        return r;
}

static int remove_subvolume(int dir, const char *name, unsigned depth) {
        struct btrfs_ioctl_vol_args args = {};
        _cleanup_close_ int fd = -1;
        int r = set_name(args.name, sizeof(args.name), name);

        if (r < 0)
                return r;
        fd = open_subvolume(dir, name);
        if (fd < 0)
                return fd;
        r = remove_children(fd, depth);
        if (r < 0)
                return r;
        return ioctl(dir, BTRFS_IOC_SNAP_DESTROY, &args) < 0 ? -errno : 0;
}

int btrfs_remove(int dir, const char *name) {
        _cleanup_close_ int real = open_directory(dir);

        return real < 0 ? real : remove_subvolume(real, name, DEPTH_MAX);
}

/* ---- snapshots ---- */

static int snapshot_one(int from, int dir, const char *name, bool read_only) {
        struct btrfs_ioctl_vol_args_v2 args = { .fd = from, .flags = read_only ? BTRFS_SUBVOL_RDONLY : 0 };
        int r = set_name(args.name, sizeof(args.name), name);

        if (r < 0)
                return r;
        return ioctl(dir, BTRFS_IOC_SNAP_CREATE_V2, &args) < 0 ? -errno : 0;
}

static int snapshot_with_children(int from, int dir, const char *name, bool read_only, unsigned depth);

/* Where a subvolume was, a snapshot has an empty directory. */
static int snapshot_child(int from, uint64_t from_id, int to, uint64_t to_id, const Child *child, bool read_only, unsigned depth) {
        _cleanup_close_ int source_dir = open_directory_of(from, from_id, child->directory), source = -1, target_dir = -1;

        if (source_dir < 0)
                return source_dir;
        source = open_subvolume(source_dir, child->name);
        if (source < 0)
                return source == -ENOENT ? 0 : source;
        target_dir = open_directory_of(to, to_id, child->directory);
        if (target_dir < 0)
                return target_dir == -ENOENT ? 0 : target_dir;
        if (unlinkat(target_dir, child->name, AT_REMOVEDIR) < 0)
                return errno == ENOENT ? 0 : -errno; /* it was made after the snapshot */
        return snapshot_with_children(source, target_dir, child->name, read_only || btrfs_is_read_only(source), depth);
}

static int snapshot_children(int from, int to, bool read_only, unsigned depth) {
        uint64_t from_id = 0, to_id = 0;
        Child child = {};
        int r = subvolume_id(from, &from_id);

        if (r >= 0)
                r = subvolume_id(to, &to_id);
        while (r >= 0 && (r = next_child(from, from_id, child.id + 1, &child)) > 0)
                r = depth == 0 ? -ELOOP : snapshot_child(from, from_id, to, to_id, &child, read_only, depth - 1);
        return r;
}

static int snapshot_with_children(int from, int dir, const char *name, bool read_only, unsigned depth) {
        _cleanup_close_ int to = -1;
        uint64_t id = 0;
        Child child;
        int r = subvolume_id(from, &id), has_children;

        has_children = r < 0 ? r : next_child(from, id, 0, &child);
        if (has_children < 0)
                return has_children;
        r = snapshot_one(from, dir, name, read_only && !has_children);
        if (r < 0 || !has_children)
                return r;
        to = open_subvolume(dir, name);
        if (to < 0)
                return to;
        r = snapshot_children(from, to, read_only, depth);
        return r >= 0 && read_only ? set_read_only(to, true) : r;
}

int btrfs_snapshot(int subvolume, int dir, const char *name, bool read_only) {
        _cleanup_close_ int from = -1, to = -1;
        int r;

        if (!btrfs_is_subvolume(subvolume) || !is_on_btrfs(dir))
                return -EOPNOTSUPP;
        from = open_directory(subvolume);
        if (from < 0)
                return from;
        to = open_directory(dir);
        if (to < 0)
                return to;
        r = snapshot_with_children(from, to, name, read_only, DEPTH_MAX);
        if (r < 0 && r != -EEXIST)
                (void) remove_subvolume(to, name, DEPTH_MAX);
        return r;
}
