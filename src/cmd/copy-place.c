/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-place.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "chown.h"
#include "image-claim.h"
#include "mount.h"

#define ID_RANGE 0x10000U
#define PLACE_DIRECTORY "/run/nbox/copy" /* in a mount namespace of our own */

void copy_place_done(CopyPlace *p) {
        machine_free(p->machine);
        close_fd(p->root);
        image_stack_free(p->stack);
        image_lock_release(p->claim);
        image_free(p->image);
        *p = COPY_PLACE_NONE;
}

/* ---- a machine ---- */

static int take_machine(CopyPlace *p, Machine *m) {
        p->machine = m;
        p->inside.name = m->record->name;
        p->inside.leader = m->record->leader;
        p->inside.leader_fd = m->leader_fd;
        p->inside.uid_base = m->record->uid_base;
        p->uid_range = m->record->uid_base > 0 ? m->record->uid_range : 0;
        return 1;
}

/* 1: it runs. 0: there is none of that name. */
static int find_machine(const char *name, CopyPlace *p, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        Machine *m = NULL;
        int r = machine_open_wait(name, MACHINE_OPEN_WAIT_USEC, &m, &error);

        if (r >= 0)
                return take_machine(p, m);
        return r == -ESRCH ? 0 : error_pass(reterr, r, &error);
}

/* ---- an image ---- */

static int look_at_owner(CopyPlace *p, Error **reterr) {
        struct stat st;

        if (fstat(p->stack->look, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", p->image->path);
        if ((st.st_uid & ~(ID_RANGE - 1)) == CHOWN_BUSY) {
                error_set(reterr, EBUSY, "The files of %s were being given to other users (chown), and that was not finished",
                          p->image->path);
                return error_hint(reterr, -EBUSY, "Boot it with --private-users-ownership=chown, which finishes it.");
        }
        p->inside.uid_base = st.st_uid % ID_RANGE == 0 ? st.st_uid : 0;
        p->uid_range = p->inside.uid_base > 0 ? ID_RANGE : 0;
        return 0;
}

static int mount_image(CopyPlace *p, bool is_read, Error **reterr) {
        StackMount how = { .idmap = -1, .attr = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | (is_read ? MOUNT_ATTR_RDONLY : 0) };
        int r = image_stack_open(p->image, &(StackWish){ .read_only = is_read, .volatility = VOLATILE_NO }, &p->stack, reterr);

        if (r >= 0)
                r = look_at_owner(p, reterr);
        if (r < 0)
                return r;
        image_stack_let_go(p->stack);
        r = image_stack_take(p->stack, reterr);
        if (r < 0)
                return r;
        how.disk_base = how.uid_base = p->inside.uid_base;
        p->root = image_stack_mount(p->stack, &how, PLACE_DIRECTORY, reterr);
        p->inside.root = p->root;
        return p->root < 0 ? p->root : 0;
}

static int take_image(const char *name, bool is_read, CopyPlace *p, Error **reterr) {
        int r = image_find(name, &p->image, reterr);

        if (r < 0)
                return r;
        if (p->image->read_only && !is_read) {
                error_set(reterr, EROFS, "The image '%s' is read-only", p->image->name);
                return error_hint(reterr, -EROFS, "`nbox read-only %s no` has it written to again.", p->image->name);
        }
        p->inside.name = p->image->name;
        r = image_claim(p->image, is_read, &p->claim, reterr);
        return r < 0 ? r : mount_image(p, is_read, reterr);
}

/* Another command may seal the image between our finding and holding it. */
static int open_image(const char *name, bool is_read, CopyPlace *p, Error **reterr) {
        for (unsigned tries = 0;;) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = take_image(name, is_read, p, &error);

                if (r >= 0)
                        return 0;
                copy_place_done(p);
                if (!image_try_again(r, &tries))
                        return error_pass(reterr, r, &error);
        }
}

int copy_place_open(const char *name, bool is_read, CopyPlace *ret, Error **reterr) {
        int r;

        *ret = COPY_PLACE_NONE;
        r = find_machine(name, ret, reterr);
        if (r != 0)
                return r < 0 ? r : 0;
        r = mount_own_namespace();
        return r < 0 ? error_errno(reterr, r, "Cannot make a mount namespace") : open_image(name, is_read, ret, reterr);
}
