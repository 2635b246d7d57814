/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "identity.h"

/* The ranges of ids that all machines keep, in one file beside theirs: so who chooses one for the thousandth machine need not read
 * 999 files. It is a copy, which says of which moment of the directory (its mtime) it is one; where it does not fit, the files are read.
 * Who changes a file in place, by hand, is heard at the machine's own next save. */

/* Those of all machines but `but`; the caller's. 0 or -ENOMEM: what cannot be read is passed over. Needs neither lock nor root. */
int identity_ranges(const char *but, UidRange **ret, size_t *ret_n);

/* Around a change of one machine's file, with the lock held. begin: before it, an fd or -1. end: after it; `i` is the machine as it is
 * now, or NULL where it failed. What fails leaves a copy that does not fit. */
int identity_ranges_begin(void);
void identity_ranges_end(int fd, const Identity *i);

/* Before a file is removed, with the lock held. */
void identity_ranges_forget(void);
