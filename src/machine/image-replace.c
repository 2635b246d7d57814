/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-replace.h"

#include <string.h>

#include "entry.h"
#include "image-claim.h"
#include "log.h"
#include "store.h"

/* Of layers, what nobody stands on any more. */
static void sweep_layers(const char *directory) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        int r = store_open(directory, false, &s, &error);

        if (r >= 0)
                r = store_sweep(s, &error);
        if (r < 0 && r != -ENOENT)
                log_warning("%s, ignoring; `nbox gc` tries again", error ? error->message : strerror(-r));
}

void image_replace_release(ImageReplaced *r) {
        image_lock_release(r->lock); /* of a layer that may be to go */
        if (r->entry && r->entry->kind == ENTRY_LAYERED)
                sweep_layers(r->entry->directory);
        image_free(r->image);
        image_entry_free(r->entry);
        *r = (ImageReplaced) {};
}

static int taken(const ImageEntry *old, Error **reterr) {
        error_set(reterr, EEXIST, "There is an image of the name '%s' already: %s/%s", old->name, old->directory, old->file);
        return error_hint(reterr, -EEXIST, "Choose another name, or let --force put the new one in its place.");
}

static int check_place(const ImageEntry *old, const char *in, Error **reterr) {
        if (strcmp(old->directory, in) == 0)
                return 0;
        error_set(reterr, EEXIST, "The image '%s' is %s/%s, and the new one would be in %s", old->name, old->directory, old->file, in);
        return error_hint(reterr, -EEXIST, "Choose another name, or remove the old one first: `nbox remove %s`.", old->name);
}

/* A link whose target is gone is in nobody's use. */
static int claim(ImageReplaced *r, const char *name, Error **reterr) {
        bool is_link = r->entry->kind == ENTRY_LINK;
        int q = image_find(name, &r->image, is_link ? NULL : reterr);

        if (q < 0)
                return is_link ? 0 : q;
        q = image_claim(r->image, false, &r->lock, reterr);
        return q < 0 ? q : image_entry_check_mounts(r->entry, reterr);
}

int image_replace_claim(const char *name, const char *in, bool force, ImageReplaced *ret, Error **reterr) {
        _cleanup_(image_replace_release) ImageReplaced old = {};
        int r = image_name_is_free(name, NULL);

        if (r == 0)
                return 0;
        r = image_entry_find(name, &old.entry, reterr);
        if (r < 0)
                return r;
        if (!force)
                return taken(old.entry, reterr);
        r = check_place(old.entry, in, reterr);
        if (r >= 0)
                r = claim(&old, name, reterr);
        if (r < 0)
                return r;
        *ret = old;
        old = (ImageReplaced) {};
        return 0;
}
