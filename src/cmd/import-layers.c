/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import-layers.h"

#include <string.h>

#include "clone.h"
#include "image-add.h"
#include "log.h"
#include "new-image.h"

static int give_id(int tree, _unused_ const void *userdata, Error **reterr) {
        return tree_new_identity(tree, &(NewIdentity){}, reterr);
}

int import_on_base(const ImportLayers *q, const Pulled *p, char **ret_path, Error **reterr) {
        const NewImageWish wish = { .name = q->name, .kind = NEW_LAYERED, .read_only = q->read_only, .replace = q->replace, .watch = q->watch };
        const NewOn how = { .furnish = give_id, .read_only = q->read_only };
        _cleanup_(new_image_freep) NewImage *n = NULL;
        _cleanup_(layer_freep) Layer *own = NULL;
        _cleanup_free_ char *path = NULL;
        int r = new_image_begin(&wish, &n, reterr);

        if (r < 0)
                return r;
        path = strdup(n->path);
        r = path ? layer_new_on(p->store, q->name, p->base->id, &how, &own, reterr) : error_oom(reterr);
        if (r >= 0)
                r = image_add_layered(n, p->store, own, NULL, reterr);
        if (r >= 0)
                *ret_path = TAKE_PTR(path);
        return r;
}

void import_layers_done(Pulled *p) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(store_freep) Store *store = TAKE_PTR(p->store);

        pulled_done(p);
        if (store && store_sweep(store, &error) < 0)
                log_debug("%s, ignoring", error ? error->message : "Cannot sweep");
}
