/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "find.h"

/* store_sweep() of the store beside an image, in a process of its own that nobody waits for: a tree's files take as long to remove as they
 * took to make, and whoever discarded them has no need to see that. Where it is cut short, the next sweep goes on. The caller's own locks
 * are his to release before. */
void store_sweep_behind(const Image *image);
