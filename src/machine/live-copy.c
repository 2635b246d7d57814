/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live-copy.h"

#include <fcntl.h>
#include <string.h>

#include "fd.h"
#include "freeze.h"
#include "layer-copy.h"
#include "machine.h"

int live_writer(const Image *image, char **ret_machine, Error **reterr) {
        Machine **machines = NULL;
        char *name = NULL;
        size_t n = 0;
        int r = machine_list(&machines, &n, reterr);

        if (r < 0)
                return r;
        for (size_t i = 0; i < n && !name && r >= 0; i++) {
                const MachineRecord *record = machines[i]->record;

                if (machines[i]->leader_fd < 0 || !record->root || strcmp(record->root, image->path) != 0 || record->shares_root)
                        continue;
                name = strdup(record->name);
                r = name ? 0 : error_oom(reterr);
        }
        machine_list_free(machines, n);
        if (r < 0 || !name)
                return r;
        *ret_machine = name;
        return 1;
}

/* ---- held still ---- */

static bool is_cancelled(void *userdata) {
        LiveHold *h = userdata;

        h->lost = h->lost || (h->freeze && machine_freeze_keep(h->freeze) < 0); /* none: it was let go */
        return h->lost || (h->watch && h->watch->is_cancelled && h->watch->is_cancelled(h->watch->userdata));
}

static void show(const CopyProgress *p, void *userdata) {
        const LiveHold *h = userdata;

        if (h->watch && h->watch->show)
                h->watch->show(p, h->watch->userdata);
}

int live_hold(LiveHold *h, const char *machine, const CopyWatch *watch, Error **reterr) {
        *h = (LiveHold){ .watch = watch };
        h->keep = (CopyWatch){ .is_cancelled = is_cancelled, .show = show, .userdata = h, .expected = watch ? watch->expected : 0 };
        return machine_freeze(machine, &h->freeze, reterr);
}

int live_let_go(LiveHold *h, Error **reterr) {
        int r = machine_thaw(h->freeze, reterr);

        live_hold_done(h);
        return r;
}

void live_hold_done(LiveHold *h) {
        machine_freeze_free(h->freeze);
        h->freeze = NULL;
}

/* ---- layers ---- */

static int take(const LiveCopy *q, const CopyWatch *watch, Layer **ret, Error **reterr) {
        if (q->own)
                return layer_copy_onto(q->store, q->own, q->base, q->machine, watch, ret, reterr);
        return layer_copy_of(q->store, q->image, watch, ret, reterr);
}

int live_copy_size(const LiveCopy *q, uint64_t *ret_bytes, uint64_t *ret_files) {
        return q->own ? tree_size(q->own->tree, ret_bytes, ret_files) : layer_copy_size(q->image, ret_bytes, ret_files);
}

/* What it has written is on the disk before it is held still, for to share blocks that are not takes until they are. */
static void write_back(int fd) {
        _cleanup_close_ int real = fd_reopen(fd, O_RDONLY | O_DIRECTORY);

        (void) syncfs(real);
}

static int take_held(const LiveCopy *q, Layer **ret, Error **reterr) {
        _cleanup_(live_hold_done) LiveHold hold = {};
        int r, k;

        write_back(q->own ? q->own->tree : q->image->fd);
        r = live_hold(&hold, q->machine, q->watch, reterr);
        if (r < 0)
                return r;
        r = take(q, &hold.keep, ret, reterr);
        if (r < 0 && !hold.lost)
                return r;
        k = live_let_go(&hold, reterr);
        return k < 0 ? k : r;
}

int live_copy(const LiveCopy *q, Layer **ret, Error **reterr) {
        _cleanup_(layer_freep) Layer *layer = NULL;
        int r = !q->own && q->image->type == IMAGE_SUBVOLUME ? take(q, q->watch, &layer, reterr) : take_held(q, &layer, reterr);

        if (r >= 0)
                r = layer_sync(layer, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(layer);
        return r;
}
