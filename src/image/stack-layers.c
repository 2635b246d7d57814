/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>

#include "layer.h"
#include "log.h"
#include "stack-parts.h"

int stack_open_layers(ImageStack *s, const Image *image, Error **reterr) {
        StackPart *part;
        int r;

        r = store_of_image(image, false, &s->store, reterr);
        if (r >= 0)
                r = layer_chain(s->store, image->layer, &s->chain, &s->n_chain, reterr);
        if (r < 0)
                return r;
        part = stack_add(s, "/", s->n_chain);
        if (!part)
                return error_oom(reterr);
        for (size_t i = 0; i < s->n_chain; i++)
                part->lowers[i] = s->chain[i]->tree;
        part->upper = s->chain[0]->fd;
        if (s->n_chain == 1)
                s->look = part->lowers[0];
        return 0;
}

static int open_store(const char *path, Store **ret) {
        _cleanup_free_ char *directory = strdup(path);
        char *slash;

        if (!directory)
                return -ENOMEM;
        slash = strrchr(directory, '/');
        slash[slash == directory] = 0;
        return store_open(directory, true, ret, NULL);
}

/* overlayfs takes none of its own kind as what it writes to. */
static bool can_be_upper(const Layer *l) {
        struct statfs fs;

        return fstatfs(l->fd, &fs) >= 0 && fs.f_type != OVERLAYFS_SUPER_MAGIC && fs.f_type != NFS_SUPER_MAGIC;
}

/* Beside the image, where there can be a store; else it is a tmpfs, made when it is mounted. */
int stack_make_passing(ImageStack *s, Error **reterr) {
        _cleanup_(layer_freep) Layer *layer = NULL;
        int r = s->store ? 0 : open_store(s->path, &s->store);

        if (r >= 0)
                r = layer_new(s->store, "", NULL, &layer, NULL);
        if (r >= 0 && can_be_upper(layer))
                r = directory_take_attributes(layer->tree, s->look);
        else if (r >= 0)
                r = -EOPNOTSUPP;
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r < 0) {
                log_debug("No layer beside %s: %s; what the machine writes is kept in memory", s->path, strerror(-r));
                return 0;
        }
        s->passing = TAKE_PTR(layer);
        return 0;
}

void stack_drop_layers(ImageStack *s) {
        bool sweep = s->passing;

        layer_free(s->passing);
        layer_chain_free(s->chain, s->n_chain);
        if (sweep && store_sweep(s->store, NULL) < 0)
                log_debug("What %s had beside %s is left to `nbox gc`", s->machine ?: "a machine", s->path);
        store_free(s->store);
}
