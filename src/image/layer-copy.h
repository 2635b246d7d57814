/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "copy.h"
#include "store.h"

/* What an image's own, writable layer has now as a layer of its own that nobody writes to: of an image in use, from which nothing can be
 * taken away. A subvolume of btrfs gives a snapshot, which takes no time and is of one moment; else files are copied, sharing their blocks
 * where the file system can (btrfs, xfs), and whoever wants one moment holds the writer still meanwhile. */

/* How much there is to read: files and bytes; both 0 where it takes no time, as of a subvolume. */
int layer_copy_size(const Image *image, uint64_t *ret_bytes, uint64_t *ret_files);

/* A new layer, held, that nothing refers to yet: with the same parent as the image's own one; of a whole tree, without one. No lock of the
 * store's is needed. Before it gets a name: layer_sync(). */
int layer_copy_of(const Store *s, const Image *image, const CopyWatch *watch, Layer **ret, Error **reterr);

/* The same of any layer in that store, with a parent of the caller's choice: an ephemeral machine's, that has none of its own. */
int layer_copy_onto(const Store *s, const Layer *from, const char *parent, const char *name, const CopyWatch *watch, Layer **ret,
                    Error **reterr);

/* Until it is on the disk. */
int layer_sync(const Layer *l, Error **reterr);
