/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "enums.h"

/* Capabilities by their names in capabilities(7), in lower or upper case, "CAP_" in front or not. */

#define CAPABILITIES_ALL UINT64_C(0x1ffffffffff) /* all that have a name: 0 to 40 */

extern const EnumName capability_names[]; /* "CAP_CHOWN", …: by their numbers */

/* Words with commas or blanks between them to bits, "all" among them where `all` is not 0. -EINVAL with an error that
 * names the word, and what it could have been meant for. */
int capabilities_parse(const char *text, uint64_t all, uint64_t *ret, Error **reterr);
