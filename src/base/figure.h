/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* A number that a host cannot tell. It is never shown as 0: "-" for people, null in JSON, and left out where that can be. */
#define FIGURE_UNKNOWN UINT64_MAX
