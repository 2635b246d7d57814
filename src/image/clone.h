/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "find.h"
#include "new-identity.h"
#include "store.h"

/* New images on layers of others. */

/* What is written into a new image before it has its name: `tree` is a mount of all of it. */
typedef struct NewOn {
        int (*furnish)(int tree, const void *userdata, Error **reterr); /* or NULL: it is as its base is */
        const void *userdata;
        bool read_only; /* as `nbox read-only` makes it */
} NewOn;

/* A writable layer on a sealed one, for a new image called `name`: held, and nobody's until store_point() gives it the name. Moves the process
 * into a mount namespace of its own where something is to be written. */
int layer_new_on(const Store *s, const char *name, const char *base, const NewOn *how, Layer **ret, Error **reterr);

/* A new image `name` in the store's directory, that stands on a sealed layer: with a writable layer of its own, in which it has its
 * identity (NULL: as its base has it). It is there when all of it is. -EEXIST. With the store's lock. May move the process into a mount
 * namespace of its own. */
int image_new_on(const Store *s, const char *name, const char *base, const NewIdentity *identity, Error **reterr);

/* Clone a tree, or an image on layers, of which the caller has the lock (lock.h): it is sealed, and goes on in a layer of its own as the
 * clone does. A shared lock is enough: who else shares it reads what nobody writes to any more, as before. The clone lies beside it;
 * *ret_path, the caller's, is where. Moves the process into a mount namespace of its own. */
int image_clone(const Image *from, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr);
