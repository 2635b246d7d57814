/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

/* Disk images as parts of a tree. Whoever looks has no lock yet, and may only plan; others may have to wait for it (a process that stays in
 * front). So the image is opened to be read at first, let go of, and opened anew, to be written to, when it is locked. */

#include <fcntl.h>
#include <sys/stat.h>

#include "disk.h"
#include "path.h"
#include "stack-parts.h"

static bool writes(const ImageStack *s) {
        return !s->read_only && !s->ephemeral && s->volatility == VOLATILE_NO;
}

static int add_part(ImageStack *s, DiskMount *m, Error **reterr) {
        StackPart *part = stack_add(s, m->destination, 1);
        int r;

        if (!part)
                return error_oom(reterr);
        part->lowers[0] = m->mount;
        part->read_only = m->read_only && !s->disk->read_only;
        r = stack_hold(s, TAKE_FD(m->mount));
        if (r < 0)
                return error_oom(reterr);
        r = stack_attach(s, part->lowers[0]);
        return r < 0 ? error_errno(reterr, r, "Cannot mount %s", s->path) : 0;
}

static int check_root(const ImageStack *s, const DiskMount *first, Error **reterr) {
        if (first->destination[1] != 0) {
                error_set(reterr, ENXIO, "There is a /usr in %s, but no root", s->path);
                return error_hint(reterr, -ENXIO, "A system of which that is all is made for systemd-nspawn --volatile=yes.");
        }
        if (!first->read_only || !writes(s))
                return 0;
        error_set(reterr, EROFS, "The root in %s can only be read", s->path);
        return error_hint(reterr, -EROFS, "Boot it with --ephemeral, which keeps nothing, with --volatile=state, or with --read-only.");
}

/* Where the root lacks a directory for a partition, it gets one. */
static int make_place(int root, const char *destination) {
        _cleanup_close_ int place = open_in_root(root, destination, O_PATH | O_DIRECTORY, 0);
        struct stat st;

        if (place != -ENOENT)
                return 0; /* what else is wrong shows when it is mounted there */
        place = mkdir_in_root(root, destination);
        if (place < 0 || fstat(root, &st) < 0)
                return place < 0 ? place : -errno;
        return fchownat(place, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int open_parts(ImageStack *s, const DiskWish *wish, Error **reterr) {
        _cleanup_(disk_mounts_freep) DiskMounts *m = NULL;
        int r = disk_open(s->disk, wish, &m, reterr);

        if (r >= 0)
                r = check_root(s, &m->mounts[0], reterr);
        for (size_t i = 1; r >= 0 && !wish->read_only && !wish->look && i < m->n_mounts; i++) {
                r = make_place(m->mounts[0].mount, m->mounts[i].destination);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot make %s in %s, which a partition is mounted on", m->mounts[i].destination,
                                           s->path);
        }
        for (size_t i = 0; r >= 0 && i < m->n_mounts; i++)
                r = add_part(s, &m->mounts[i], reterr);
        return r;
}

int stack_open_disk(ImageStack *s, const Image *image, Error **reterr) {
        s->disk = image;
        return open_parts(s, &(DiskWish){ .read_only = !writes(s), .look = true }, reterr);
}

void image_stack_let_go(ImageStack *s) {
        if (!s->disk)
                return;
        image_stack_settle(s);
        stack_drop_parts(s);
}

int image_stack_take(ImageStack *s, Error **reterr) {
        int r;

        if (!s->disk)
                return 0;
        image_stack_let_go(s);
        r = open_parts(s, &(DiskWish){ .read_only = !writes(s) }, reterr);
        if (r >= 0)
                s->look = s->parts[0].lowers[0];
        return r;
}
