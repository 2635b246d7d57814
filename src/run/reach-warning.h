/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Say so where users of the host get at a tree in which a machine makes files that are, on disk, of somebody of the host's: "the
 * host's root's". */
void warn_of_reachable(const char *path, const char *whose);
