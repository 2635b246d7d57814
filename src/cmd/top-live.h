/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "top-sample.h"
#include "top-view.h"

/* `nbox top` on a terminal, until whoever sits there has had enough, or it has been drawn `count` times with all figures (UINT64_MAX: without
 * end). ^C and signals that ask for an end are one, and no error. */
int top_live(TopSampler *sampler, TopView *view, uint64_t count, Error **reterr);
