/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "store.h"

/* Making layers, in its steps: for sealing, which gives one a tree that is there already. */

/* A layer with nothing but its info, held. */
int layer_begin(const Store *s, const char *parent, const char *from, Layer **ret, Error **reterr);

/* Its tree, empty, with the attributes of the directory `like` (-1: root's, 0755), and its work directory. */
int layer_make_tree(Layer *l, int like, Error **reterr);

/* Beneath a directory of the store's, by no link and into no mount. An fd or -errno. */
int store_open_beneath(int dir, const char *path, int flags);

/* Whether a snapshot that leads to a layer was made to its end: the layer is there, and not (or no longer) the image's own. */
bool store_snapshot_is_finished(const Store *s, const char *layer, const char *own);

/* The store's lock, or -EBUSY. */
int store_try_lock(const Store *s);

/* Owner, mode, times and extended attributes (ACLs, labels) of one directory for another; both may be O_PATH. What overlayfs keeps there
 * of its own is left out, but for what the caller asks. */
int directory_take_attributes(int to, int from);

/* Whether the two are alike in all that. 0 or 1; -errno. */
int directory_has_attributes(int a, int b);
