/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "find.h"

/* Layers, beside the images that stand on them. D is the directory that an image lies in, mostly IMAGE_DIRECTORY:
 *
 *     D/NAME -> .#nbox/layers/ID/tree      an image on layers: the one thing that says which layer is its own, writable one
 *     D/.#nbox/                           root's, 0700
 *         lock                            flock(LOCK_EX) by whoever changes what refers to what, for moments
 *         layers/ID/                      ID: 32 hexadecimal digits, random
 *             info lines "parent ID", "made USEC", "from NAME"; written before anything refers to it, never changed after
 *             origin                      where the tree came from, if that can be had again: layer-origin.h
 *             tree/                       its files, as overlayfs's upper directory has them; without a parent, a whole tree (or subvolume)
 *             work/                       overlayfs's
 *         snapshots/NAME/SNAP -> ../../layers/ID
 *         trash/ID/                   what was a layer, on its way out
 *
 * A layer that another one has as its parent, or a snapshot points to, is sealed: nobody writes to it. So each change of an image
 * is one rename(2), of a symbolic link: it is there whole or not at all, whoever is killed when. What nothing refers to (no image, no
 * snapshot, no layer that is referred to, no flock on layers/ID) is garbage, and swept. A snapshot whose layer is still some image's own,
 * writable one was never finished, and counts as garbage too.
 *
 * Hostile stores: a tree may hold a forged D/.#nbox. All that a store can name is an ID in itself, opened beneath it without following
 * links; so a forged one leads to nothing but what whoever forged it had anyway. */

/* What begins with ".#" is no image to systemd-machined; any other hidden name is, and `machinectl clean` would remove it. */
#define STORE_NAME ".#nbox"
#define LAYERS_MAX 128 /* in a chain */

typedef struct Store {
        char *directory; /* D's path */
        int parent;      /* D */
        int fd;          /* D/.#nbox */
} Store;

void store_free(Store *s);
DEFINE_CLEANUP(Store *, store_free);

/* The store of D. -ENOENT without an Error where there is none and `make` is not set. To make one, D must be root's alone to write. */
int store_open(const char *directory, bool make, Store **ret, Error **reterr);
int store_of_image(const Image *image, bool make, Store **ret, Error **reterr);

/* Wait for the lock; its fd, the caller's. */
int store_lock(const Store *s, Error **reterr);

typedef struct Layer {
        char id[LAYER_ID_SIZE];
        char parent[LAYER_ID_SIZE]; /* "": none */
        uint64_t made_usec;         /* CLOCK_REALTIME */
        char *from;                 /* the image that it was sealed or made for, or NULL */
        int fd;                     /* layers/ID, O_RDONLY: flock(LOCK_SH) on it keeps it from being swept */
        int tree;                   /* O_PATH */
} Layer;

void layer_free(Layer *l);
DEFINE_CLEANUP(Layer *, layer_free);

/* A new one with an empty tree, that has parent's root directory's attributes, held against being swept as long as it is open. */
int layer_new(const Store *s, const char *parent, const char *from, Layer **ret, Error **reterr);
int layer_open(const Store *s, const char *id, Layer **ret, Error **reterr);

/* From that one down to its base, each held; -ELOOP, -E2BIG (LAYERS_MAX), -ENOENT with Errors that say which file is damaged. */
int layer_chain(const Store *s, const char *id, Layer ***ret, size_t *ret_n, Error **reterr);
void layer_chain_free(Layer **chain, size_t n);

/* The id of an image's own layer: 1; 0 for an image that does not stand on layers. */
int layer_of_image(const Image *image, char ret[LAYER_ID_SIZE]);

/* D/NAME is this layer's from now on, whatever (of layers) it was before; atomic. `new`: -EEXIST where the name is taken. With the lock. */
int store_point(const Store *s, const char *name, const char *layer, bool new, Error **reterr);

/* Put an empty, writable layer on top of an image, and return the id of what is sealed by that: its tree as it is now. Where nothing
 * was written since the last time, nothing is done, and the id is the same. The image must be locked by the caller (lock.h; shared is
 * enough: who only reads goes on reading what is sealed), and be a directory or stand on layers. -EAGAIN: it is not what was found any
 * more. snapshot: NULL, or a name for it, that becomes visible by the same rename. With the store's lock. */
int image_seal(const Store *s, const Image *image, const char *snapshot, char ret[LAYER_ID_SIZE], Error **reterr);

/* A name for a layer among an image's snapshots; `name` is the last component of the image's path. -EEXIST. With the store's lock. */
int store_add_snapshot(const Store *s, const char *name, const char *snapshot, const char *layer, Error **reterr);

/* Remove garbage; waits for no lock that somebody else has, and does nothing where the store's is taken: call it without. How many layers,
 * or -errno. */
int store_sweep(const Store *s, Error **reterr);
