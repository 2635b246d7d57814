/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "still-image.h"

/* An image held still as its user sees it: what a running machine has is copied for that, and he sees how much it is and how far
 * that is. */
int still_open(const StillWish *wish, StillImage **ret, Error **reterr);
