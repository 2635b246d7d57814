/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"

/* --template=: where the image that is to be started is not there, clone it, as `nbox clone` does, beside the template. 0 also when there
 * is nothing to do; for a plan that is only shown, -ENOENT. */
int template_clone(const MachineConfig *c, Error **reterr);
