/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <string.h>

#include "change.h"
#include "discard.h"
#include "image-change.h"
#include "image-claim.h"
#include "image-names.h"
#include "layer-graph.h"
#include "log.h"
#include "machine-order.h"
#include "read-only.h"
#include "store.h"
#include "strv.h"

typedef struct Removal {
        ImageEntry *entry;
        ImageNames names;
        Image *image;
        ImageLock *lock;
        int claim; /* of the machine's name */
} Removal;

static void removal_done(Removal *m) {
        name_release(m->claim, m->names.machine);
        image_lock_release(m->lock);
        image_free(m->image);
        image_names_done(&m->names);
        image_entry_free(m->entry);
}

void removed_done(Removed *r) {
        strv_free(r->kept);
        strv_free(r->sharers);
        free(r->link_target);
        *r = (Removed) {};
}

int image_settings_list(const char *name, char ***ret, Error **reterr) {
        _cleanup_(image_entry_freep) ImageEntry *e = NULL;
        _cleanup_(image_names_done) ImageNames names = {};
        int r = image_entry_find(name, &e, reterr);

        if (r >= 0)
                r = image_names_find(e, &names, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(names.settings);
        return r;
}

/* A link whose target is gone can be removed all the same; there is nothing then that could be in use. */
static int claim_image(Removal *m, const char *name, Error **reterr) {
        int r = image_find(name, &m->image, m->entry->kind == ENTRY_LINK ? NULL : reterr);

        if (r < 0)
                return m->entry->kind == ENTRY_LINK ? 0 : r;
        return image_claim(m->image, false, &m->lock, reterr);
}

static int prepare(Removal *m, const char *name, Error **reterr) {
        int r = image_entry_find(name, &m->entry, reterr);

        if (r >= 0)
                r = claim_image(m, name, reterr);
        if (r >= 0)
                r = image_entry_check_mounts(m->entry, reterr);
        if (r >= 0)
                r = image_names_find(m->entry, &m->names, reterr);
        if (r < 0 || !m->names.machine)
                return r;
        m->claim = name_claim(m->names.machine, reterr);
        return m->claim < 0 ? m->claim : 0;
}

static int add_paths(Change *c, char *const *paths) {
        int r = 0;

        for (; r >= 0 && paths && *paths; paths++)
                r = strv_append(&c->paths, *paths);
        return r;
}

static int make_change(const Removal *m, bool with_settings, Change **ret, Error **reterr) {
        _cleanup_(change_freep) Change *c = change_new(CHANGE_REMOVE, m->entry);
        int r;

        if (!c)
                return error_oom(reterr);
        c->immutable = immutable_is_set(m->entry->dir, m->entry->file);
        if (m->entry->kind == ENTRY_TREE && !(c->to = discard_name()))
                return error_oom(reterr);
        if (m->names.machine && !(c->machine = strdup(m->names.machine)))
                return error_oom(reterr);
        r = add_paths(c, m->names.wants);
        if (r >= 0)
                r = add_paths(c, m->names.beside);
        if (r >= 0 && with_settings)
                r = add_paths(c, m->names.settings);
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(c);
        return 0;
}

static size_t count_snapshots(const ImageEntry *e) {
        _cleanup_free_ char *path = NULL;
        _cleanup_closedir_ DIR *d = NULL;
        size_t n = 0;

        if (asprintf(&path, "%s/" STORE_NAME "/snapshots/%s", e->directory, e->name) < 0 || !(d = opendir(path)))
                return 0;
        for (struct dirent *entry; (entry = readdir(d));)
                n += entry->d_name[0] != '.';
        return n;
}

static int list_sharers(const ImageEntry *e, char ***ret) {
        _cleanup_(layer_graph_done) LayerGraph graph = {};

        return layer_graph_read(e->directory, false, &graph, NULL) < 0 ? 0 : layer_graph_sharers(&graph, e->name, ret);
}

static int describe(Removal *m, bool with_settings, Removed *ret, Error **reterr) {
        char target[PATH_MAX];
        ssize_t n = m->entry->kind == ENTRY_LINK ? readlinkat(m->entry->dir, m->entry->file, target, sizeof(target)) : -1;

        if (m->entry->kind == ENTRY_LAYERED && list_sharers(m->entry, &ret->sharers) < 0)
                return error_oom(reterr);
        ret->snapshots = count_snapshots(m->entry);
        if (n > 0 && !(ret->link_target = strndup(target, (size_t) n)))
                return error_oom(reterr);
        for (char **path = with_settings ? NULL : m->names.settings; path && *path; path++)
                if (!machine_order_is_alone(*path) && strv_append(&ret->kept, *path) < 0) /* which goes with its link */
                        return error_oom(reterr);
        return 0;
}

/* Of layers, what nobody stands on any more. */
static void sweep_layers(const ImageEntry *e) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        int r = store_open(e->directory, false, &s, &error);

        if (r >= 0)
                r = store_sweep(s, &error);
        if (r < 0 && r != -ENOENT)
                log_warning("%s, ignoring; `nbox gc` tries again", error ? error->message : strerror(-r));
}

int image_remove(const RemoveRequest *q, Removed *ret, Error **reterr) {
        _cleanup_(removal_done) Removal m = { .claim = -1 };
        _cleanup_(change_freep) Change *c = NULL;
        _cleanup_(removed_done) Removed done = {};
        _cleanup_close_ int lock = -1;
        int r, settled;

        lock = change_lock(reterr);
        if (lock < 0)
                return lock;
        r = prepare(&m, q->name, reterr);
        if (r >= 0)
                r = make_change(&m, q->with_settings, &c, reterr);
        if (r >= 0)
                r = describe(&m, q->with_settings, &done, reterr);
        if (r >= 0)
                r = change_begin(c, reterr);
        if (r < 0)
                return r;
        r = change_do(c, reterr);
        settled = change_settle(c, r < 0 ? NULL : reterr);
        lock = close_fd(lock);
        m.claim = (name_release(m.claim, m.names.machine), -1); /* what comes now may take long */
        image_names_tell_systemd(&m.names);
        if (r >= 0 && (m.entry->kind == ENTRY_LAYERED || done.snapshots > 0)) {
                m.lock = image_lock_release(m.lock); /* of a layer that is to go */
                sweep_layers(m.entry);
        }
        if (r >= 0 && c->to)
                r = discard(m.entry->dir, c->to, reterr);
        if (r >= 0)
                r = settled; /* the image is gone, not all that goes with it */
        if (r < 0)
                return r;
        *ret = done;
        done = (Removed) {};
        return 0;
}
