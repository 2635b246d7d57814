/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* nftables by its own language, through libnftables, which is loaded when first asked for: 3 ms that a host with
 * legacy tables alone does not pay. What is only to be looked at is read over netlink instead (nft-rules.h). */

/* Run commands, all of them or none: what is between two commits of nft -f. Names that go into them are the caller's to
 * check. Returns 0; -EOPNOTSUPP when the library or nftables in the kernel is not there, with what to do; -ENOENT,
 * -EEXIST, -EBUSY, -EPERM, -ENOSPC as the kernel said it; -EIO for all else. */
int nft_run(const char *commands, Error **reterr);
