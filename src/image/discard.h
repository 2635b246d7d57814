/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Trees that are to go. To remove one takes long and can fail half way; so it loses its name first, in one step, for a hidden one that
 * unfinished_sweep() knows, and that systemd-machined takes for no image. What was begun and not ended is ended by the next sweep. */

/* Such a name, that nothing has: the caller's, NULL on out of memory. */
char *discard_name(void);

/* Remove what has it in a directory, the immutable attribute notwithstanding. Not being there is success. */
int discard(int dir, const char *hidden, Error **reterr);
