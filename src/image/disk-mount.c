/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk.h"

/* Each partition gets a loop device of its own, cut out by offset and size: no nodes of partitions are needed, no scan by the kernel and no
 * wait for udev, and one that goes beyond its range cannot be. The file systems are mounted detached. So all is the kernel's to free, when
 * the last mount and descriptor are gone. */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "disk-repair.h"
#include "disk-types.h"
#include "disk-verity.h"
#include "fd.h"
#include "log.h"
#include "loop.h"
#include "mount.h"
#include "mounted.h"
#include "path.h"

#define WAIT_STEP_MS 20
#define WAIT_MAX_MS 3000

void disk_mounts_free(DiskMounts *m) {
        if (!m)
                return;
        for (size_t i = 0; i < m->n_mounts; i++)
                close_fd(m->mounts[i].mount);
        free(m->mounts);
        free(m);
}

static int loop_error(const Disk *d, int r, Error **reterr) {
        if (r == -ENODEV) {
                error_set(reterr, r, "%s cannot be mounted: this kernel has no loop devices", d->path);
                return error_hint(reterr, r, "Load the module: modprobe loop");
        }
        error_errno(reterr, r, "Cannot make a loop device of %s", d->path);
        if (r == -EPERM || r == -EACCES)
                return error_hint(reterr, r, "In a container its host must allow block devices of major 7 and /dev/loop-control.");
        return r;
}

/* The block device of a partition. */
static int open_partition(const Disk *d, const DiskPartition *p, bool read_only, Error **reterr) {
        _cleanup_close_ int file = fd_reopen(d->file, read_only ? O_RDONLY : O_RDWR);
        struct stat st;
        int r;

        if (file < 0 || fstat(file, &st) < 0) {
                r = file < 0 ? file : -errno;
                return error_errno(reterr, r, "Cannot open %s%s", d->path, read_only ? "" : " for writing");
        }
        if (S_ISBLK(st.st_mode) && d->table == DISK_TABLE_NONE)
                return TAKE_FD(file);
        r = loop_new(file, &(LoopRange){ p->offset, p->size / 512 * 512, read_only, 0 });
        return r < 0 ? loop_error(d, r, reterr) : r;
}

static int mount_error(const Disk *d, const DiskPartition *p, int r, Error **reterr) {
        switch (r) {
        case -ENODEV:
                error_set(reterr, r, "The kernel cannot mount %s, which is in %s", p->fs, d->path);
                return error_hint(reterr, r, "Load its module: modprobe %s", p->fs);
        case -EEXIST:
        case -EBUSY:
                error_errno(reterr, r, "Cannot mount the %s file system in %s", p->fs, d->path);
                return error_hint(reterr, r, "A copy of it, with the same UUID, may be mounted already; or it is in use.");
        case -EUCLEAN:
        case -EINVAL:
        case -EIO:
        case -EBADMSG:
                error_errno(reterr, r, "Cannot mount the %s file system in %s, which is damaged or has features that this kernel does not "
                            "know", p->fs, d->path);
                return error_hint(reterr, r, "dmesg says more. `nbox dissect %s` shows where it is; check it with its own fsck (e2fsck -f, "
                                  "xfs_repair, btrfs check).", d->path);
        default:
                return error_errno(reterr, r, "Cannot mount the %s file system in %s", p->fs, d->path);
        }
}

static int mount_device(const Disk *d, const DiskPartition *p, int device, bool read_only, Error **reterr) {
        const DiskFileSystem *fs = disk_file_system(p->fs);
        _cleanup_free_ char *options = NULL;
        const char *words = read_only ? fs->read_only : fs->options;
        uint64_t attr = MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0) |
                        (fs->boot_only ? MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC : 0);
        char source[BLOCK_PATH_MAX];
        int r;

        block_path(device, source);
        if (asprintf(&options, "source=%s%s%s%s", source, read_only ? ",ro" : "", words ? "," : "", words ?: "") < 0)
                return error_oom(reterr);
        r = mount_new(fs->kernel, options, attr);
        return r < 0 ? mount_error(d, p, r, reterr) : r;
}

static int mount_partition(const Disk *d, const DiskPartition *p, bool read_only, bool look, Error **reterr) {
        _cleanup_close_ int device = -1;
        DiskState state;
        int r = disk_state_read(d, p, &state, reterr);

        if (r < 0)
                return r;
        device = open_partition(d, p, read_only, reterr);
        if (device < 0)
                return device;
        if (state.dirty && read_only && !look)
                log_warning("The file system in %s was not unmounted: what is in its journal alone is not seen while it is only read",
                            d->path);
        if (state.dirty && !read_only) {
                r = disk_repair(d, p, device, reterr);
                if (r < 0)
                        return r;
        }
        return mount_device(d, p, device, read_only, reterr);
}

static int mount_verified(const Disk *d, const DiskVerity *v, Error **reterr) {
        _cleanup_close_ int data = open_partition(d, v->data, true, reterr), device = -1;

        if (data < 0)
                return data;
        device = disk_verity_open(d, v, data, reterr);
        return device < 0 ? device : mount_device(d, v->data, device, true, reterr);
}

/* A place for a boot partition, or NULL: nobody needs one. */
static const char *boot_destination(const Disk *d, const DiskPartition *p, int root) {
        static const char *const places[] = { "/efi", "/boot" };

        for (size_t i = p->role == DISK_ESP ? 0 : 1; i < ELEMENTSOF(places); i++) {
                _cleanup_close_ int place = -1;

                if (i == 1 && p->role == DISK_ESP && disk_find(d, DISK_XBOOTLDR))
                        return NULL;
                place = open_in_root(root, places[i], O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
                if (place >= 0)
                        return places[i];
        }
        return NULL;
}

/* A parent before what is in it. */
static const DiskRole order[] = { DISK_ROOT, DISK_USR, DISK_HOME, DISK_SRV, DISK_VAR, DISK_TMP, DISK_XBOOTLDR, DISK_ESP };

/* All that an image is opened with. */
typedef struct Opening {
        const Disk *disk;
        const DiskWish *wish;
        const DiskVerity *verity;
        DiskMounts *mounts;
        bool read_only;
} Opening;

static int mount_role(const Opening *o, const DiskPartition *p, Error **reterr) {
        const Disk *d = o->disk;
        const DiskVerity *verity = o->verity;
        DiskMounts *m = o->mounts;
        bool is_verified = verity->data && verity->data->role == p->role, is_boot = p->role == DISK_ESP || p->role == DISK_XBOOTLDR;
        const char *destination = p->destination;
        _cleanup_(error_freep) Error *error = NULL;
        int mount;

        if (is_boot) {
                destination = m->n_mounts > 0 ? boot_destination(d, p, m->mounts[0].mount) : NULL;
                if (!destination)
                        return 0;
        }
        mount = is_verified ? mount_verified(d, verity, &error) :
                mount_partition(d, p, o->read_only || p->read_only, o->wish->look, &error);
        if (mount < 0 && is_boot) {
                if (!o->wish->look)
                        log_warning("%s, ignoring", error ? error->message : "A boot partition cannot be mounted");
                return 0;
        }
        if (mount < 0)
                return error_pass(reterr, mount, &error);
        m->mounts[m->n_mounts++] = (DiskMount){ destination, mount, p->read_only || d->read_only || is_verified };
        return 0;
}

/* A device of the host's that is mounted, or in use otherwise, is not to be written to by a machine as well. */
static int check_device(const Disk *d, Error **reterr) {
        int r = fd_reopen(d->file, O_RDWR | O_EXCL);

        if (r != -EBUSY) {
                close_fd(r);
                return 0;
        }
        error_set(reterr, EBUSY, "The device %s is in use: mounted, or part of another one", d->path);
        return error_hint(reterr, -EBUSY, "Unmount it (findmnt %s says where it is), or start the machine with --read-only.", d->path);
}

/* The loop devices of a machine that has just ended are freed a moment after its last process: until then, its file system is not
 * unmounted. */
static int wait_unused(const Disk *d, bool read_only, unsigned wait_ms, Error **reterr) {
        static const struct timespec pause = { .tv_nsec = WAIT_STEP_MS * 1000000 };
        _cleanup_free_ char *what = NULL;
        int n, r;

        if (asprintf(&what, "The disk image %s", d->path) < 0)
                return error_oom(reterr);
        r = mounted_check(&(MountedWish){ d->file, what, read_only }, reterr);
        if (r < 0)
                return r;
        for (unsigned waited = 0; (r = loop_user(d->file, read_only, &n)) > 0 && waited < wait_ms; waited += WAIT_STEP_MS)
                (void) nanosleep(&pause, NULL);
        if (r <= 0)
                return r < 0 ? error_errno(reterr, r, "Cannot tell which loop devices have %s", d->path) : 0;
        error_set(reterr, EBUSY, "The disk image %s is in use, by a machine or by who has mounted it: /dev/loop%d", d->path, n);
        return error_hint(reterr, -EBUSY, "`nbox list` and `findmnt /dev/loop%d` say more; `nbox dissect --umount DIR` or `losetup "
                          "--detach /dev/loop%d` frees it.", n, n);
}

static int check_unused(const Disk *d, bool read_only, unsigned wait_ms, Error **reterr) {
        struct stat st;

        if (fstat(d->file, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", d->path);
        if (S_ISBLK(st.st_mode))
                return read_only ? 0 : check_device(d, reterr);
        return wait_unused(d, read_only, wait_ms, reterr);
}

static int mount_tree(const Opening *o, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(order); i++) {
                const DiskPartition *p = disk_find(o->disk, order[i]);
                int r = p && p->mounted ? mount_role(o, p, reterr) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

int disk_open(const Image *image, const DiskWish *wish, DiskMounts **ret, Error **reterr) {
        _cleanup_(disk_mounts_freep) DiskMounts *m = calloc(1, sizeof(*m));
        _cleanup_(disk_verity_done) DiskVerity verity = {};
        _cleanup_(disk_freep) Disk *d = NULL;
        bool read_only;
        int r;

        if (!m)
                return error_oom(reterr);
        m->mounts = calloc(ELEMENTSOF(order), sizeof(*m->mounts));
        if (!m->mounts)
                return error_oom(reterr);
        r = disk_look(image, &d, reterr);
        if (r >= 0)
                r = disk_check(d, reterr);
        if (r < 0)
                return r;
        read_only = wish->read_only || wish->look || d->read_only;
        r = check_unused(d, read_only, WAIT_MAX_MS, reterr);
        if (r >= 0)
                r = disk_verity_find(d, image, &verity, reterr);
        if (r >= 0)
                r = mount_tree(&(Opening){ d, wish, &verity, m, read_only }, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int disk_open_root(const Image *image, Error **reterr) {
        _cleanup_(disk_freep) Disk *d = NULL;
        const DiskPartition *root;
        int r = disk_look(image, &d, reterr);

        if (r >= 0)
                r = disk_check(d, reterr);
        if (r >= 0)
                r = check_unused(d, true, 0, reterr);
        if (r < 0)
                return r;
        root = disk_find(d, DISK_ROOT);
        return root ? mount_partition(d, root, true, true, reterr) : error_set(reterr, ENOENT, "%s has no root", d->path);
}
