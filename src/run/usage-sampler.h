/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "supervisor.h"

/* What fills machine/usage-history.h while the machine runs. */

typedef struct UsageSampler UsageSampler;

/* Once init runs; NULL where the machine has no group, or on out of memory: it is a courtesy. */
UsageSampler *usage_sampler_begin(Supervisor *s);
UsageSampler *usage_sampler_end(UsageSampler *u); /* returns NULL */
