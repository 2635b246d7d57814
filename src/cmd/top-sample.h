/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "top-row.h"

/* Reads the figures of the machines and of the host, and keeps the last ones, to tell how much was done since. */

typedef struct TopSampler TopSampler;

/* `names`: machines' names, or patterns of them (fnmatch(3)); none: all machines. They must outlive it. */
int top_sampler_new(char *const *names, TopSampler **ret, Error **reterr);
void top_sampler_free(TopSampler *s);
DEFINE_CLEANUP(TopSampler *, top_sampler_free);

/* A machine that came meanwhile, or that has rebooted, has done nothing that could be told yet. Replaces *s, whose rows are no longer. */
int top_sampler_take(TopSampler *sampler, TopSample *s, Error **reterr);
