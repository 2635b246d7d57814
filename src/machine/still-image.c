/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "still-image.h"

#include <string.h>
#include <sys/stat.h>

#include "chown.h"
#include "image-claim.h"
#include "live-copy.h"
#include "log.h"
#include "snapshot-entry.h"

#define ID_RANGE 0x10000U

typedef struct StillParts {
        StillWish wish;
        ImageLock *claim;
        Store *store;
        Layer *copy;       /* of what a machine had */
        Image *file;       /* a snapshot of a disk image */
        Image layered;     /* the image as if it stood on `copy` or a snapshot's layer; borrows from the wish's */
        const Image *open; /* what is opened in the end */
        ImageStack *stack;
} StillParts;

StillImage *still_image_free(StillImage *s) {
        StillParts *p;

        if (!s)
                return NULL;
        p = s->parts;
        if (p) {
                bool sweep = p->store && s->machine; /* what became of the copy or not */

                image_stack_free(p->stack);
                layer_free(p->copy);
                if (sweep && store_sweep(p->store, NULL) < 0)
                        log_debug("The copy of what '%s' had is left to `nbox gc`", s->machine);
                store_free(p->store);
                image_free(p->file);
                image_lock_release(p->claim);
                free(p);
        }
        free(s->machine);
        free(s);
        return NULL;
}

/* ---- whose it is ---- */

static int no_disk(const Image *image, const char *machine, Error **reterr) {
        error_set(reterr, EBUSY, "The machine '%s' runs on the disk image %s, which cannot be read while it is written to", machine,
                  image->path);
        return error_hint(reterr, -EBUSY, "Power it off (`nbox poweroff %s`), or read a snapshot (`nbox snapshot list %s`).", machine,
                          image->name);
}

/* What is written to it is in the way of reading, or will be copied. */
static int look_at_writer(StillImage *s, Error **busy, Error **reterr) {
        const Image *image = s->image;
        LiveCopy copy = { .image = image };
        int r = live_writer(image, &s->machine, reterr);

        if (r <= 0)
                return r < 0 ? r : error_pass(reterr, -EBUSY, busy);
        if (image->type == IMAGE_DISK)
                return no_disk(image, s->machine, reterr);
        copy.machine = s->machine;
        r = live_copy_size(&copy, &s->live_bytes, &s->live_files);
        return r < 0 ? error_errno(reterr, r, "Cannot tell the size of %s", image->path) : 0;
}

static int look_at_image(StillImage *s, Error **reterr) {
        _cleanup_(error_freep) Error *busy = NULL;
        int r = image_claim(s->image, true, &s->parts->claim, &busy);

        s->parts->open = s->image;
        if (r == -EBUSY)
                return look_at_writer(s, &busy, reterr);
        return r < 0 ? error_pass(reterr, r, &busy) : 0;
}

static void open_as_layer(StillParts *p, const char *layer) {
        p->layered = *p->wish.image;
        p->layered.type = IMAGE_LAYERED;
        memcpy(p->layered.layer, layer, sizeof(p->layered.layer));
        p->open = &p->layered;
}

static int look_at_snapshot_file(StillImage *s, const Snapshot *snapshot, Error **reterr) {
        StillParts *p = s->parts;
        _cleanup_free_ char *path = NULL;
        int r;

        if (asprintf(&path, "%s/" STORE_NAME "/snapshots/%s/%s", p->store->directory, image_entry_name(s->image), snapshot->name) < 0)
                return error_oom(reterr);
        r = image_find(path, &p->file, reterr);
        if (r < 0)
                return r;
        s->image = p->open = p->file;
        return image_claim(p->file, true, &p->claim, reterr);
}

static int look_at_snapshot(StillImage *s, Error **reterr) {
        _cleanup_(snapshot_freep) Snapshot *snapshot = NULL;
        StillParts *p = s->parts;
        int r = snapshot_find(s->image, p->wish.snapshot, &snapshot, reterr);

        if (r >= 0)
                r = store_of_image(s->image, false, &p->store, reterr);
        if (r < 0)
                return r;
        if (!*snapshot->layer)
                return look_at_snapshot_file(s, snapshot, reterr);
        open_as_layer(p, snapshot->layer);
        return 0;
}

int still_image_look(const StillWish *wish, StillImage **ret, Error **reterr) {
        _cleanup_(still_image_freep) StillImage *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_oom(reterr);
        s->tree = -1;
        s->image = wish->image;
        s->parts = calloc(1, sizeof(*s->parts));
        if (!s->parts)
                return error_oom(reterr);
        s->parts->wish = *wish;
        r = wish->snapshot ? look_at_snapshot(s, reterr) : look_at_image(s, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(s);
        return r;
}

/* ---- what is in it ---- */

static int copy_live(StillImage *s, const CopyWatch *watch, Error **reterr) {
        StillParts *p = s->parts;
        int r = store_of_image(s->image, true, &p->store, reterr);

        if (r >= 0)
                r = live_copy(&(LiveCopy){ .machine = s->machine, .store = p->store, .image = s->image, .watch = watch }, &p->copy, reterr);
        if (r >= 0)
                open_as_layer(p, p->copy->id);
        return r;
}

static int look_at_owner(StillImage *s, Error **reterr) {
        struct stat st;

        if (fstat(s->tree, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", s->image->path);
        if ((st.st_uid & ~(ID_RANGE - 1)) == CHOWN_BUSY) {
                error_set(reterr, EBUSY, "The files of %s were being given to other users (chown), and that was not finished",
                          s->image->path);
                return error_hint(reterr, -EBUSY, "Boot it with --private-users-ownership=chown, which finishes it.");
        }
        s->base = st.st_uid % ID_RANGE == 0 ? st.st_uid : 0;
        return 0;
}

static int open_tree(StillImage *s, Error **reterr) {
        static const StackWish wish = { .read_only = true, .volatility = VOLATILE_NO };
        StillParts *p = s->parts;
        int r = image_stack_open(p->open, &wish, &p->stack, reterr);

        if (r < 0)
                return r;
        s->tree = p->stack->look;
        s->with_mounts = p->open->type == IMAGE_DISK;
        if (p->open->type == IMAGE_LAYERED) {
                s->layers = p->stack->parts[0].lowers;
                s->n_layers = p->stack->parts[0].n_lowers;
        }
        r = tree_size(s->tree, &s->bytes, &s->files);
        if (r < 0)
                return error_errno(reterr, r, "Cannot tell the size of %s", s->image->path);
        return look_at_owner(s, reterr);
}

static int look_at_file(StillImage *s, Error **reterr) {
        struct stat st;

        if (fstat(s->image->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", s->image->path);
        s->bytes = (uint64_t) st.st_blocks * 512;
        s->files = 1;
        return 0;
}

int still_image_open(StillImage *s, const CopyWatch *watch, Error **reterr) {
        int r = s->machine ? copy_live(s, watch, reterr) : 0;

        if (r < 0)
                return r;
        return s->parts->wish.no_tree && s->image->type == IMAGE_DISK ? look_at_file(s, reterr) : open_tree(s, reterr);
}
