/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* Addresses of files on web servers, http and https, as text. */

#define URL_MAX 2000U

/* Whether it is one that can be asked for, with what is wrong with it. Those of other schemes are refused. */
int url_check(const char *url, Error **reterr);

bool url_is_https(const char *url);

/* As it may be shown and kept: without user, password and fragment. The caller's; NULL on out of memory. */
char *url_public(const char *url);

/* The last component of its path, decoded: the file's name. -EINVAL: it has none, or one that no file can have. */
int url_file(const char *url, char **ret, Error **reterr);

/* Of another file in the same directory; of the one whose name has `suffix` behind it. What stood behind a "?" is left out. The caller's;
 * NULL on out of memory. */
char *url_beside(const char *url, const char *file);
char *url_suffixed(const char *url, const char *suffix);
