/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "find.h"
#include "lock.h"

/* An image for oneself: image_lock(), whose -EBUSY says here which machine uses it, of nbox or of others that systemd-machined knows, and
 * the command that ends that. */
int image_claim(const Image *image, bool shared, ImageLock **ret, Error **reterr);

/* The name of the machine that runs from an image, the caller's: 1, or 0 where none does that could be told. *ret_ours: nbox started it. */
int image_user(const Image *image, char **ret, bool *ret_ours);

/* The name of a machine for oneself, so that none of that name starts: -EBUSY with the command that ends the one that runs. The lock is
 * an fd; name_release() takes it and what stands for it away. */
int name_claim(const char *machine, Error **reterr);
void name_release(int claim, const char *machine);
