/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

/* From parts to mounts. Ids are mapped below: each layer is copied as a mount of its own, mapped, and overlaid then. What is made on a
 * tmpfs needs no map (which tmpfs has from Linux 6.3 on): it belongs to the machine's ids at once, as the mapped layers beneath it seem
 * to. */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "file.h"
#include "mount.h"
#include "overlay.h"
#include "path.h"
#include "stack-parts.h"

#define PASSING_LIMITS "size=25%,nr_inodes=1M" /* as systemd-nspawn(1) has it for a volatile root */

static int idmap_refused(const ImageStack *s, int directory, int r, Error **reterr) {
        struct statfs fs;
        bool fixed = fstatfs(directory, &fs) >= 0 && (fs.f_flags & ST_RDONLY);

        if (r == -EPERM) {
                error_set(reterr, EPERM,
                          "The user ids of %s cannot be mapped: its file system is another user namespace's, as all is that a machine has "
                          "of its host", s->path);
                return error_hint(reterr, r,
                                  "Give the files to the new machine with --private-users-ownership=chown, or keep them on a tmpfs that is "
                                  "mounted in here (mount -t tmpfs tmpfs DIR).");
        }
        error_errno(reterr, r, "The file system of %s (or one that is mounted in it) cannot map user ids, which a user namespace needs",
                    s->path);
        return error_hint(reterr, r, "Keep the tree on ext4, xfs, btrfs or tmpfs (cp -a %s ELSEWHERE)%s; or start it with "
                          "--private-users=no, which makes root inside root on the host.", s->path,
                          fixed ? "" : "; have its files given to the machine on disk, --private-users-ownership=chown");
}

/* A copy of the mount at a directory, as it stands in the machine. */
static int copy_mount(const ImageStack *s, int directory, const StackMount *how, uint64_t attr, bool recursive, Error **reterr) {
        _cleanup_close_ int mount = mount_clone(directory, "", recursive);
        int r;

        if (mount < 0)
                return error_errno(reterr, mount, "Cannot copy the mount of %s", s->path);
        r = mount_set_attr(mount, attr, 0, recursive);
        if (r < 0)
                return error_errno(reterr, r, "Cannot set the mount flags of %s", s->path);
        if (how->idmap >= 0) {
                r = mount_idmap(mount, how->idmap, recursive);
                if (r < 0)
                        return idmap_refused(s, directory, r, reterr);
        }
        return TAKE_FD(mount);
}

/* What an overlay is made of, while it is. */
typedef struct Making {
        int mounts[OVERLAY_LOWERS_MAX + 1], lowers[OVERLAY_LOWERS_MAX + 1];
        size_t n_mounts, n_lowers;
        int upper, work;
} Making;

static void making_done(Making *m) {
        for (size_t i = 0; i < m->n_mounts; i++)
                close_fd(m->mounts[i]);
        close_fd(m->upper);
        close_fd(m->work);
}

static int add_lower(Making *m, const ImageStack *s, int directory, const StackMount *how, Error **reterr) {
        int fd;

        if (m->n_lowers >= OVERLAY_LOWERS_MAX)
                return error_set(reterr, E2BIG, "%s stands on more than %d layers", s->path, OVERLAY_LOWERS_MAX);
        fd = copy_mount(s, directory, how, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, false, reterr);
        if (fd < 0)
                return fd;
        m->mounts[m->n_mounts++] = m->lowers[m->n_lowers++] = fd;
        return 0;
}

static int open_upper(Making *m, int mount) {
        m->mounts[m->n_mounts++] = mount;
        m->upper = openat(mount, "tree", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        m->work = openat(mount, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return m->upper < 0 || m->work < 0 ? -errno : 0;
}

static int add_upper(Making *m, const ImageStack *s, int layer, const StackMount *how, Error **reterr) {
        int mount = copy_mount(s, layer, how, MOUNT_ATTR_NODEV, false, reterr), r;

        if (mount < 0)
                return mount;
        r = open_upper(m, mount);
        return r < 0 ? error_errno(reterr, r, "Cannot open the writable layer of %s", s->path) : 0;
}

static uid_t shifted(uid_t id, const StackMount *how) {
        return how->idmap >= 0 ? id - how->disk_base + how->uid_base : id;
}

/* An overlay's root is its upper's. */
static int make_like(int dir, const char *name, const struct stat *st, const StackMount *how) {
        if (mkdirat(dir, name, 0700) < 0 ||
            fchownat(dir, name, shifted(st->st_uid, how), shifted(st->st_gid, how), AT_SYMLINK_NOFOLLOW) < 0 ||
            fchmodat(dir, name, st->st_mode & 07777, 0) < 0)
                return -errno;
        return 0;
}

static int add_passing_upper(Making *m, int lower, const StackMount *how) {
        int mount = mount_new("tmpfs", "mode=0700," PASSING_LIMITS, MOUNT_ATTR_NODEV), r;
        struct stat st;

        if (mount < 0)
                return mount;
        r = fstat(lower, &st) < 0 ? -errno : make_like(mount, "tree", &st, how);
        if (r >= 0 && mkdirat(mount, "work", 0700) < 0)
                r = -errno;
        if (r < 0) {
                close_fd(mount);
                return r;
        }
        return open_upper(m, mount);
}

/* What is written to. */
typedef enum Top {
        TOP_NONE,    /* nothing, or the one directory that the part is */
        TOP_OWN,     /* its own layer, which is its first lower as well */
        TOP_PASSING, /* an ephemeral machine's layer */
        TOP_TMPFS,
} Top;

static Top top_of(const ImageStack *s, const StackPart *part, const PartMount *m) {
        bool root = strcmp(part->destination, "/") == 0;

        if (m->look || (m->how->attr & MOUNT_ATTR_RDONLY) || (part->read_only && !root))
                return TOP_NONE;
        if (s->ephemeral || s->volatility == VOLATILE_OVERLAY)
                return s->passing && root ? TOP_PASSING : TOP_TMPFS;
        return part->upper >= 0 && !part->read_only ? TOP_OWN : TOP_NONE;
}

static int add_top(Making *m, const ImageStack *s, const StackPart *part, Top top, const StackMount *how, Error **reterr) {
        int r;

        switch (top) {
        case TOP_OWN:
                return add_upper(m, s, part->upper, how, reterr);
        case TOP_PASSING:
                return add_upper(m, s, s->passing->fd, how, reterr);
        case TOP_TMPFS:
                r = add_passing_upper(m, part->lowers[0], how);
                return r < 0 ? error_errno(reterr, r, "Cannot make a tmpfs for what the machine writes") : 0;
        default:
                return 0;
        }
}

static int mount_overlay(const ImageStack *s, const StackPart *part, Top top, const StackMount *how, Error **reterr) {
        _cleanup_(making_done) Making m = { .upper = -1, .work = -1 };
        int r, fd;

        r = add_top(&m, s, part, top, how, reterr);
        for (size_t i = top == TOP_OWN; r >= 0 && i < part->n_lowers; i++)
                r = add_lower(&m, s, part->lowers[i], how, reterr);
        if (r < 0)
                return r;
        r = mkdir_parents(STACK_DIRECTORY, 0700);
        fd = r < 0 ? r : overlay_new(&(OverlayLayers){ .lowers = m.lowers, .n_lowers = m.n_lowers, .upper = m.upper, .work = m.work,
                                                       .mounts = m.mounts, .n_mounts = m.n_mounts, .passing = top >= TOP_PASSING,
                                                       .context = how->context },
                                     STACK_DIRECTORY, how->attr);
        return fd < 0 ? error_errno(reterr, fd, "Cannot lay the layers of %s over each other", s->path) : fd;
}

int stack_mount_part(ImageStack *s, const StackPart *part, const PartMount *m, Error **reterr) {
        Top top = top_of(s, part, m);

        if (part->n_lowers > 1 || top >= TOP_PASSING)
                return mount_overlay(s, part, top, m->how, reterr);
        return copy_mount(s, part->lowers[0], m->how, m->how->attr | (part->read_only ? MOUNT_ATTR_RDONLY : 0), part->with_submounts,
                          reterr);
}

int stack_attach_at(const ImageStack *s, int mount, const char *place, Error **reterr) {
        _cleanup_close_ int target = -1;
        int r = mkdir_parents(place, 0700);

        if (r < 0)
                return error_errno(reterr, r, "Cannot make %s", place);
        target = open(place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0)
                return error_errno(reterr, errno, "Cannot open %s", place);
        r = mount_attach(mount, target);
        return r < 0 ? error_errno(reterr, r, "Cannot mount %s", s->path) : 0;
}

static int attach_part(ImageStack *s, const StackPart *part, const PartMount *m, int root, Error **reterr) {
        _cleanup_close_ int mount = stack_mount_part(s, part, m, reterr), target = -1;
        int r;

        if (mount < 0)
                return mount;
        target = open_in_root(root, part->destination, O_PATH | O_DIRECTORY, 0);
        if (target == -ENOENT && m->look)
                return 0; /* it is made before anything is mounted there to stay */
        r = target < 0 ? target : mount_attach(mount, target);
        return r < 0 ? error_errno(reterr, r, "Cannot mount the partition for %s of %s there", part->destination, s->path) : 0;
}

int stack_mount_all(ImageStack *s, const PartMount *m, const char *place, Error **reterr) {
        _cleanup_close_ int root = stack_mount_part(s, &s->parts[0], m, reterr);
        int r;

        if (root < 0)
                return root;
        r = stack_attach_at(s, root, place, reterr);
        for (size_t i = 1; r >= 0 && i < s->n_parts; i++)
                r = attach_part(s, &s->parts[i], m, root, reterr);
        return r < 0 ? r : TAKE_FD(root);
}

int image_stack_mount(ImageStack *s, const StackMount *how, const char *place, Error **reterr) {
        int r = s->ephemeral && !s->passing ? stack_make_passing(s, reterr) : 0;

        if (r < 0)
                return r;
        return s->volatility == VOLATILE_YES ? stack_mount_volatile(s, how, place, reterr) :
               stack_mount_all(s, &(PartMount){ how, false }, place, reterr);
}
