/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Read what an archive's reader has written, contents too where they are wanted, with checks of all that comes. Takes the fd. Returns whether all of it
 * was right, to its end. */
bool fuzz_read_records(int fd, bool contents);
