/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* nbox show --plan NAME: what the next start of an image, or of a machine that runs, would be. */
int show_plan(const char *name, bool json, Error **reterr);
