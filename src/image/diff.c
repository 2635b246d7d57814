/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "file.h"
#include "overlay.h"
#include "snapshot-entry.h"
#include "stack.h"

/* One of the two, opened. */
typedef struct Side {
        int root;          /* a directory, or a mount; -1: not yet */
        bool owned;        /* root is ours to close */
        Layer **chain;     /* topmost first; none: it is not on layers */
        size_t n_chain;
        ImageStack *stack; /* of disk images */
        Image *file;
} Side;

static void side_done(Side *s) {
        if (s->owned)
                close_fd(s->root);
        layer_chain_free(s->chain, s->n_chain);
        image_stack_free(s->stack);
        image_free(s->file);
}

/* All of a chain as one tree. */
static int mount_chain(Side *side, Error **reterr) {
        size_t n = side->n_chain;
        int lowers[LAYERS_MAX], r;

        for (size_t i = 0; i < n; i++)
                lowers[i] = side->chain[i]->tree;
        if (n == 1) {
                side->root = lowers[0];
                return 0;
        }
        r = mkdir_parents(STACK_DIRECTORY, 0700);
        if (r >= 0)
                r = overlay_new(&(OverlayLayers){ .lowers = lowers, .n_lowers = n, .upper = -1, .work = -1 }, STACK_DIRECTORY,
                                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        if (r < 0)
                return error_errno(reterr, r, "Cannot mount %zu layers as one tree", n);
        side->root = r;
        side->owned = true;
        return 0;
}

static int open_layers(Side *side, const Store *s, const char *layer, Error **reterr) {
        int r = layer_chain(s, layer, &side->chain, &side->n_chain, reterr);

        return r < 0 ? r : mount_chain(side, reterr);
}

static int open_stack(Side *side, const Image *image, Error **reterr) {
        static const StackWish wish = { .read_only = true, .volatility = VOLATILE_NO };
        int r = image_stack_open(image, &wish, &side->stack, reterr);

        if (r >= 0)
                side->root = side->stack->look;
        return r;
}

static int open_image(Side *side, const Image *image, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        int r;

        if (image->type != IMAGE_LAYERED)
                return open_stack(side, image, reterr);
        r = store_of_image(image, false, &s, reterr);
        return r < 0 ? r : open_layers(side, s, image->layer, reterr);
}

/* A disk image's is a file in the store. */
static int open_snapshot(Side *side, const DiffRequest *q, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = store_of_image(q->image, false, &s, reterr);
        if (r < 0)
                return r == -ENOENT ? error_errno(reterr, r, "Cannot open the snapshots of %s", q->image->path) : r;
        if (*q->snapshot->layer)
                return open_layers(side, s, q->snapshot->layer, reterr);
        if (asprintf(&path, "%s/" STORE_NAME "/snapshots/%s/%s", s->directory, image_entry_name(q->image), q->snapshot->name) < 0)
                return error_oom(reterr);
        r = image_find(path, &side->file, reterr);
        return r < 0 ? r : open_stack(side, side->file, reterr);
}

/* What the image was when it was sealed last. */
static int open_beneath(Side *side, const Image *image, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_(layer_freep) Layer *own = NULL;
        int r = -ENOENT;

        if (image->type == IMAGE_LAYERED)
                r = store_of_image(image, false, &s, reterr);
        if (r >= 0)
                r = layer_open(s, image->layer, &own, reterr);
        if (r >= 0 && *own->parent)
                return open_layers(side, s, own->parent, reterr);
        if (r < 0 && r != -ENOENT)
                return r;
        error_set(reterr, ENOENT, "'%s' stands on nothing that it could be compared with", image->name);
        return error_hint(reterr, -ENOENT, "`nbox snapshot %s` takes a snapshot; `nbox diff %s OTHER` compares it with another image.",
                          image->name, image->name);
}

static bool chain_has(const Side *s, const char *id) {
        for (size_t i = 0; i < s->n_chain; i++)
                if (strcmp(s->chain[i]->id, id) == 0)
                        return true;
        return false;
}

/* The layers of one that the other does not have: those above the first that it does. */
static size_t add_own(const Side *a, const Side *b, int *layers, size_t n) {
        for (size_t i = 0; i < a->n_chain && !chain_has(b, a->chain[i]->id); i++)
                layers[n++] = a->chain[i]->tree;
        return n;
}

/* How many; 0: they are the same; -1: they have nothing in common, and all of them is to be compared. */
static ssize_t own_layers(const Side *a, const Side *b, int *layers) {
        if (a->n_chain == 0 || b->n_chain == 0 || strcmp(a->chain[a->n_chain - 1]->id, b->chain[b->n_chain - 1]->id) != 0)
                return -1;
        return (ssize_t) add_own(b, a, layers, add_own(a, b, layers, 0));
}

int image_diff(const DiffRequest *q, Error **reterr) {
        _cleanup_(side_done) Side before = { .root = -1 }, after = { .root = -1 };
        CompareRequest compare = { .found = q->found, .userdata = q->userdata };
        int layers[2 * LAYERS_MAX], r;
        ssize_t n;

        if (q->snapshot)
                r = open_snapshot(&before, q, reterr);
        else
                r = q->other ? open_image(&before, q->other, reterr) : open_beneath(&before, q->image, reterr);
        if (r >= 0)
                r = open_image(&after, q->image, reterr);
        if (r < 0)
                return r;
        n = own_layers(&before, &after, layers);
        if (n == 0)
                return 0;
        compare.before = before.root;
        compare.after = after.root;
        compare.layers = layers;
        compare.n_layers = n > 0 ? (size_t) n : 0;
        return tree_compare(&compare, reterr);
}
