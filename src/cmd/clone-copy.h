/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "find.h"
#include "new-identity.h"

/* New images of what can only be copied: all of an image, which is to stand on its own, or what a running machine has now. How much it is is said, and shown. */

/* `clone --copy`, and all of a disk image. A machine that runs on it is held still meanwhile; a subvolume is snapshot. */
int clone_by_copy(const Image *from, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr);

/* A machine that runs on `from` and writes to it: what it has now becomes a layer, which the new image stands on. */
int clone_live(const Image *from, const char *machine, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr);

/* One that writes to a layer nobody keeps (--ephemeral), at `layer`: the image that it runs on is sealed for that, and goes on in a layer of its own. */
int clone_ephemeral(const Image *from, const char *machine, const char *layer, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr);
