/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "digest.h"

#define SUMS_MAX (1U << 20) /* bytes of such a list */

/* The digest of a file in a list as sha256sum(1) writes and reads it ("HEX  NAME", "HEX *NAME", "SHA256 (NAME) = HEX"), in lower case. Other lines
 * are left out. 1; 0: the file is not there; -EBADMSG: it is there twice, with different ones. `only`: a list that may be of this one file, and
 * then need not name it. */
int sums_find(const char *text, size_t size, const char *name, bool only, char ret[DIGEST_HEX_SIZE]);
