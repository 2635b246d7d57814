/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clone-copy.h"

#include <string.h>

#include "clone.h"
#include "copy-image.h"
#include "transfer-show.h"
#include "image-claim.h"
#include "live-copy.h"
#include "lock.h"
#include "log.h"
#include "store.h"

/* ---- into layers ---- */

/* What a failure has left is nobody's any more. */
static void sweep(const Store *s) {
        _cleanup_(error_freep) Error *error = NULL;

        if (store_sweep(s, &error) < 0)
                log_debug("%s, ignoring", error ? error->message : "Cannot sweep");
}

static int new_path(const Store *s, const char *name, char **ret, Error **reterr) {
        return asprintf(ret, "%s/%s", strcmp(s->directory, "/") == 0 ? "" : s->directory, name) < 0 ? error_oom(reterr) : 0;
}

/* The machine's state as a layer, and the image on top of it. */
static int stand_on_copy(const LiveCopy *what, const char *name, const NewIdentity *identity, Error **reterr) {
        _cleanup_(layer_freep) Layer *layer = NULL;
        _cleanup_(transfer_show_end) TransferShow show = {};
        _cleanup_free_ char *title = NULL;
        _cleanup_close_ int lock = -1;
        uint64_t bytes, files;
        LiveCopy q = *what;
        int r = live_copy_size(&q, &bytes, &files);

        if (r < 0)
                return error_errno(reterr, r, "Cannot tell the size of %s", q.image->path);
        if (asprintf(&title, "what the machine '%s' has written%s", q.machine, bytes > 0 ? ", while it stands still" : "") < 0)
                return error_oom(reterr);
        r = transfer_show_begin(&show, "Copying", title, bytes, files, reterr);
        if (r < 0)
                return r;
        transfer_show_announce(&show);
        q.watch = &show.watch;
        r = live_copy(&q, &layer, reterr);
        if (r < 0)
                return r;
        lock = store_lock(q.store, reterr);
        return lock < 0 ? lock : image_new_on(q.store, name, layer->id, identity, reterr);
}

static int no_layers(const Image *from, const char *machine, Error **reterr) {
        error_set(reterr, EOPNOTSUPP, "The machine '%s' runs on a disk image, which cannot be copied while it is written to", machine);
        return error_hint(reterr, -EOPNOTSUPP, "Power it off (`nbox poweroff %s`); then `nbox clone %s NEW` copies the disk image.", machine, from->name);
}

int clone_live(const Image *from, const char *machine, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        if (from->type == IMAGE_DISK)
                return no_layers(from, machine, reterr);
        r = store_of_image(from, true, &s, reterr);
        if (r >= 0)
                r = new_path(s, name, &path, reterr);
        if (r < 0)
                return r;
        r = stand_on_copy(&(LiveCopy){ .machine = machine, .store = s, .image = from }, name, identity, reterr);
        sweep(s);
        if (r >= 0)
                *ret_path = TAKE_PTR(path);
        return r;
}

/* Nobody writes to the image as long as we share it with the machine, so that it can be sealed under it. */
static int seal_below(const Store *s, const Image *from, char ret[LAYER_ID_SIZE], Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *image_lock_held = NULL;
        _cleanup_close_ int lock = -1;
        int r = image_lock(from, true, &image_lock_held, reterr);

        if (r < 0)
                return r;
        lock = store_lock(s, reterr);
        return lock < 0 ? lock : image_seal(s, from, NULL, ret, reterr);
}

int clone_ephemeral(const Image *from, const char *machine, const char *layer, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_(layer_freep) Layer *own = NULL;
        _cleanup_free_ char *path = NULL;
        char base[LAYER_ID_SIZE];
        int r;

        if (from->type == IMAGE_DISK)
                return no_layers(from, machine, reterr);
        r = store_of_image(from, true, &s, reterr);
        if (r >= 0)
                r = new_path(s, name, &path, reterr);
        if (r >= 0)
                r = layer_open(s, strrchr(layer, '/') + 1, &own, reterr);
        if (r >= 0)
                r = seal_below(s, from, base, reterr);
        if (r >= 0)
                r = stand_on_copy(&(LiveCopy){ .machine = machine, .store = s, .image = from, .own = own, .base = base }, name, identity, reterr);
        if (s)
                sweep(s);
        if (r >= 0)
                *ret_path = TAKE_PTR(path);
        return r;
}

/* ---- whole ---- */

typedef struct Whole {
        const Image *from;
        const NewIdentity *identity;
        LiveHold *hold; /* the machine on it is held still; or NULL */
} Whole;

/* All is read: the machine goes on, and the copy becomes one of its own. */
static int finish(int copy, void *userdata, Error **reterr) {
        const Whole *w = userdata;
        int r = w->hold ? live_let_go(w->hold, reterr) : 0;

        if (r < 0 || w->from->type != IMAGE_DISK)
                return r < 0 ? r : tree_new_identity(copy, w->identity, reterr);
        r = disk_new_identity(copy, w->from->path, w->identity, reterr);
        if (r == 0)
                log_warning("What is in %s can only be read: its copy has the same host name and machine id, ignoring", w->from->path);
        return r;
}

static int copy_whole(const Image *from, const char *machine, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr) {
        _cleanup_(transfer_show_end) TransferShow show = {};
        _cleanup_(live_hold_done) LiveHold hold = {};
        _cleanup_free_ char *title = NULL;
        Whole w = { from, identity, NULL };
        ImageCopyRequest q = { .from = from, .name = name, .watch = &show.watch, .finish = finish, .userdata = &w };
        uint64_t bytes, files;
        int r = image_copy_size(from, &bytes, &files);

        if (r < 0)
                return error_errno(reterr, r, "Cannot tell the size of %s", from->path);
        if (asprintf(&title, "%s%s%s%s", from->path, machine ? ", while the machine '" : "", machine ?: "", machine ? "' stands still" : "") < 0)
                return error_oom(reterr);
        r = transfer_show_begin(&show, "Copying", title, bytes, files, reterr);
        if (r >= 0)
                transfer_show_announce(&show);
        if (r >= 0 && machine) {
                r = live_hold(&hold, machine, &show.watch, reterr);
                w.hold = &hold;
                q.watch = &hold.keep;
        }
        return r < 0 ? r : image_copy(&q, ret_path, reterr);
}

int clone_by_copy(const Image *from, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(error_freep) Error *busy = NULL;
        _cleanup_free_ char *machine = NULL;
        /* a snapshot of a subvolume is of one moment, whoever writes to it */
        int r = from->type == IMAGE_SUBVOLUME ? 0 : image_claim(from, true, &lock, &busy), running = 0;

        if (r == -EBUSY)
                running = live_writer(from, &machine, reterr);
        if (running < 0 || (r < 0 && running == 0))
                return running < 0 ? running : error_pass(reterr, r, &busy);
        if (running && from->type == IMAGE_DISK)
                return no_layers(from, machine, reterr);
        return copy_whole(from, machine, name, identity, ret_path, reterr);
}
