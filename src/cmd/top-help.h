/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the keys of `nbox top` do: a strv, the caller's. NULL where there is no memory. */
char **top_help(void);
