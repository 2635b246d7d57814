/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "image-facts.h"

/* nbox images --tree: who stands on whom, and what is each one's own. */
int images_print_tree(Image *const *images, size_t n, ImageGraphs *graphs, Error **reterr);
