/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resize.h"

/* To grow, the order is file, table, file system: what is outside is always the larger one, and each of the three steps is whole or not
 * done (ftruncate(2); partition-table.h; the kernel, on the mounted file system). Nothing is copied.
 *
 * To shrink, the order would be the other way round, but then neither ext4's tool nor the table's change is whole when it is interrupted.
 * So it is done on a copy (a reflink, where the host's file system has them), which takes the file's place by rename(2). So does ext4 that
 * the kernel does not let us grow: that takes CAP_SYS_RESOURCE, which root of a container lacks, and some old ones need their tool. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "fd.h"
#include "loop.h"
#include "mount.h"
#include "partition-table.h"
#include "remove.h"
#include "resize-fs.h"

#define SMALLEST (UINT64_C(1) << 20)

typedef struct Job {
        const Image *image;
        const ResizeWish *wish;
        Disk *disk;
        const DiskPartition *partition; /* the one whose size changes */
        uint64_t size;                  /* of the file, that is wanted */
} Job;

static void job_done(Job *j) {
        disk_free(j->disk);
}

static bool has_table(const Job *j) {
        return j->disk->table != DISK_TABLE_NONE;
}

static PartitionPlace place_of(const Job *j) {
        return (PartitionPlace){ .number = j->partition->number, .sector_size = j->disk->sector_size };
}

/* ---- what is to be done ---- */

static const DiskPartition *last_partition(const Disk *d) {
        const DiskPartition *last = NULL;

        for (size_t i = 0; i < d->n_partitions; i++)
                if (!last || d->partitions[i].offset > last->offset)
                        last = d->partitions + i;
        return last;
}

static int choose_partition(Job *j, Error **reterr) {
        const DiskPartition *p = last_partition(j->disk);

        if (!p)
                return error_set(reterr, EBADMSG, "There is nothing in %s that could change its size", j->image->path);
        if (!p->mounted || !p->destination) {
                error_set(reterr, EOPNOTSUPP,
                          "The last partition of %s, %u (%s), holds nothing of the machine's tree: only the last one can change its size",
                          j->image->path, p->number, disk_role_name(p->role));
                return error_hint(reterr, -EOPNOTSUPP, "`nbox dissect %s` shows where they lie; sfdisk(8) can move them.", j->image->path);
        }
        if (j->disk->table == DISK_TABLE_MBR && p->number > 4) {
                error_set(reterr, EOPNOTSUPP, "The last partition of %s, %u, is a logical one, whose size nbox cannot change",
                          j->image->path, p->number);
                return error_hint(reterr, -EOPNOTSUPP, "sfdisk(8) can, together with the extended one around it.");
        }
        j->partition = p;
        return 0;
}

static int choose_size(Job *j, Error **reterr) {
        uint64_t least = j->partition->offset + SMALLEST;

        if (__builtin_add_overflow(j->wish->size, j->wish->relative ? j->disk->size : 0, &j->size) || j->size > INT64_MAX - RESIZE_UNIT)
                return error_set(reterr, EFBIG, "No file can be as large as that");
        j->size = (j->size + RESIZE_UNIT - 1) / RESIZE_UNIT * RESIZE_UNIT;
        if (j->size < least)
                return error_set(reterr, EINVAL, "%s cannot be that small: its last file system begins at %llu MiB", j->image->path,
                                 (unsigned long long) (j->partition->offset >> 20));
        return 0;
}

static int job_begin(Job *j, Error **reterr) {
        struct stat st;
        int r;

        if (j->image->type != IMAGE_DISK) {
                error_set(reterr, EOPNOTSUPP, "%s is not a disk image: it is as large as what is in it", j->image->path);
                return error_hint(reterr, -EOPNOTSUPP, "Its file system's room is the host's.");
        }
        if (fstat(j->image->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", j->image->path);
        if (!S_ISREG(st.st_mode)) {
                error_set(reterr, EOPNOTSUPP, "%s is a block device, whose size nbox cannot change", j->image->path);
                return error_hint(reterr, -EOPNOTSUPP, "Change the device's (lvextend(8), …), and its file system's with its own tool.");
        }
        r = disk_look(j->image, &j->disk, reterr);
        if (r >= 0 && (j->disk->read_only || j->image->read_only))
                r = error_set(reterr, EROFS, "%s is read-only", j->image->path);
        if (r >= 0)
                r = choose_partition(j, reterr);
        if (r >= 0)
                r = choose_size(j, reterr);
        if (r >= 0)
                r = fs_resize_check(j->partition->fs, j->size < j->disk->size, j->image->path, reterr);
        return r;
}

/* ---- in place ---- */

/* That file system, mounted as for a machine: a directory of it. */
static int mount_of(const Image *image, const char *destination, int *ret, Error **reterr) {
        _cleanup_(disk_mounts_freep) DiskMounts *mounts = NULL;
        int r = disk_open(image, &(DiskWish){}, &mounts, reterr);

        if (r < 0)
                return r;
        for (size_t i = 0; i < mounts->n_mounts; i++)
                if (strcmp(mounts->mounts[i].destination, destination) == 0) {
                        *ret = openat(mounts->mounts[i].mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                        return *ret < 0 ? error_errno(reterr, errno, "Cannot open the file system in %s", image->path) : 0;
                }
        return error_set(reterr, ESTALE, "%s is not mounted of %s any more", destination, image->path);
}

static int open_file(const Image *image, Error **reterr) {
        int fd = fd_reopen(image->fd, O_RDWR);

        return fd < 0 ? error_errno(reterr, fd, "Cannot open %s for writing", image->path) : fd;
}

static int grow_file(const Job *j, int file, Error **reterr) {
        PartitionPlace place = place_of(j);

        if (ftruncate(file, (off_t) j->size) < 0)
                return error_errno(reterr, errno, "Cannot make %s as large as that", j->image->path);
        return has_table(j) ? partition_grow(file, j->image->path, &place, reterr) : 0;
}

/* How large the partition has become. */
static int look_again(const Job *j, uint64_t *ret, Error **reterr) {
        _cleanup_(disk_freep) Disk *d = NULL;
        int r = disk_look(j->image, &d, reterr);

        if (r < 0)
                return r;
        for (size_t i = 0; i < d->n_partitions; i++)
                if (d->partitions[i].number == j->partition->number) {
                        *ret = d->partitions[i].size;
                        return 0;
                }
        return error_set(reterr, ESTALE, "Partition %u of %s has gone", j->partition->number, j->image->path);
}

/* 1: the file system's part of it takes a copy. */
static int grow_in_place(const Job *j, ResizeResult *result, Error **reterr) {
        _cleanup_close_ int file = open_file(j->image, reterr), before = -1, directory = -1;
        int r;

        if (file < 0)
                return file;
        /* First of all: what cannot be mounted stays as it is. */
        r = mount_of(j->image, j->partition->destination, &before, reterr);
        before = close_fd(before);
        if (r >= 0)
                r = grow_file(j, file, reterr);
        if (r >= 0)
                r = look_again(j, &result->fs_size, reterr);
        if (r >= 0)
                r = mount_of(j->image, j->partition->destination, &directory, reterr);
        return r < 0 ? r : fs_resize_mounted(directory, j->partition->fs, result->fs_size, j->image->path, reterr);
}

/* ---- on a copy ---- */

typedef struct Workshop {
        char *path;      /* of the image's directory */
        char *name;      /* of a directory in it, flocked: `nbox gc` removes it when we are dead (create.c) */
        const char *file;
        int parent, directory, copy;
} Workshop;

#define COPY_NAME "disk"

static void workshop_done(Workshop *w) {
        if (w->directory >= 0)
                (void) remove_tree(w->parent, w->name);
        close_fd(w->copy);
        close_fd(w->directory);
        close_fd(w->parent);
        free(w->name);
        free(w->path);
}

static int workshop_open(Workshop *w, const Image *image, Error **reterr) {
        const char *slash = strrchr(image->path, '/');

        w->file = slash + 1;
        if (asprintf(&w->name, ".#nbox-%s.tmp", w->file) < 0)
                return error_oom(reterr);
        w->path = strndup(image->path, slash == image->path ? 1 : (size_t) (slash - image->path));
        if (!w->path)
                return error_oom(reterr);
        w->parent = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (w->parent < 0)
                return error_errno(reterr, errno, "Cannot open %s", w->path);
        /* We have the image's lock: what is there is of somebody who has died. */
        (void) remove_tree(w->parent, w->name);
        if (mkdirat(w->parent, w->name, 0700) < 0)
                return error_errno(reterr, errno, "Cannot make a directory in %s", w->path);
        w->directory = openat(w->parent, w->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (w->directory < 0 || flock(w->directory, LOCK_EX | LOCK_NB) < 0)
                return error_errno(reterr, errno, "Cannot lock a directory in %s", w->path);
        return 0;
}

static int copy_in(Workshop *w, const Job *j, Error **reterr) {
        int r = copy_file(j->disk->file, w->directory, COPY_NAME, j->wish->watch, reterr);

        if (r < 0)
                return r;
        w->copy = openat(w->directory, COPY_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        return w->copy < 0 ? error_errno(reterr, errno, "Cannot open the copy of %s", j->image->path) : 0;
}

static int resize_device(const Job *j, int device, uint64_t size, Error **reterr) {
        _cleanup_close_ int mount = -1, directory = -1;
        char node[BLOCK_PATH_MAX], options[BLOCK_PATH_MAX + 8];

        if (strcmp(j->partition->fs, "ext4") == 0)
                return fs_resize_ext4(device, size, j->image->path, reterr);
        block_path(device, node);
        snprintf(options, sizeof(options), "source=%s", node);
        mount = mount_new(j->partition->fs, options, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        if (mount < 0)
                return error_errno(reterr, mount, "Cannot mount the %s file system in %s", j->partition->fs, j->image->path);
        directory = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0)
                return error_errno(reterr, errno, "Cannot open the file system in %s", j->image->path);
        return fs_resize_mounted(directory, j->partition->fs, size, j->image->path, reterr);
}

/* What the file system gets of the new size; a disk may have room behind its last partition, which goes first. */
static uint64_t size_in(const Job *j) {
        uint64_t size = has_table(j) ? partition_size_on(j->size, j->partition->offset, j->disk->sector_size) : j->size;

        return j->size < j->disk->size && size > j->partition->size ? j->partition->size : size;
}

static int resize_copy(const Job *j, int copy, uint64_t fs_size, Error **reterr) {
        bool shrink = j->size < j->disk->size;
        PartitionPlace place = place_of(j);
        _cleanup_close_ int device = -1;
        int r = shrink ? 0 : grow_file(j, copy, reterr);

        if (r < 0)
                return r;
        device = loop_new(copy, &(LoopRange){ .offset = j->partition->offset, .size = shrink ? j->partition->size : fs_size });
        if (device < 0)
                return error_errno(reterr, device, "Cannot set up a loop device for a copy of %s", j->image->path);
        r = shrink && fs_size == j->partition->size ? 0 : resize_device(j, device, fs_size, reterr);
        if (r < 0 || !shrink)
                return r;
        if (fsync(device) < 0)
                return error_errno(reterr, errno, "Cannot write a copy of %s", j->image->path);
        device = close_fd(device);
        if (has_table(j))
                return partition_cut(copy, j->image->path, &place, fs_size, j->size, reterr);
        return ftruncate(copy, (off_t) j->size) < 0 ? error_errno(reterr, errno, "Cannot cut a copy of %s", j->image->path) : 0;
}

static int resize_by_copy(const Job *j, ResizeResult *result, Error **reterr) {
        _cleanup_(workshop_done) Workshop w = { .parent = -1, .directory = -1, .copy = -1 };
        int r = workshop_open(&w, j->image, reterr);

        result->copied = true;
        result->fs_size = size_in(j);
        if (r >= 0)
                r = copy_in(&w, j, reterr);
        if (r >= 0)
                r = resize_copy(j, w.copy, result->fs_size, reterr);
        if (r < 0)
                return r;
        if (fsync(w.copy) < 0 || renameat(w.directory, COPY_NAME, w.parent, w.file) < 0 || fsync(w.parent) < 0)
                return error_errno(reterr, errno, "Cannot put the copy of %s in its place", j->image->path);
        return 0;
}

int image_resize(const Image *image, const ResizeWish *wish, ResizeResult *ret, Error **reterr) {
        _cleanup_(job_done) Job j = { .image = image, .wish = wish };
        int r = job_begin(&j, reterr);

        if (r < 0)
                return r;
        *ret = (ResizeResult){ .size_before = j.disk->size, .size = j.size, .partition = j.partition->number };
        snprintf(ret->fs, sizeof(ret->fs), "%s", j.partition->fs);
        if (j.size < j.disk->size)
                return resize_by_copy(&j, ret, reterr);
        r = grow_in_place(&j, ret, reterr);
        return r > 0 ? resize_by_copy(&j, ret, reterr) : r;
}
