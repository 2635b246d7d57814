/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "error.h"

#define _cleanup_config_json_ _cleanup_(json_decrefp)

#define OCI_TEXT_MAX (16U << 20)

/* JSON as engines write it: strict (no member twice, nothing behind its end), and with numbers up to UINT64_MAX, which jansson has no room
 * for: those above INT64_MAX are read as the same 64 bits. `what` is for messages. -EBADMSG, -EFBIG. *ret is the caller's. */
int oci_load(const char *text, size_t size, const char *what, json_t **ret, Error **reterr);
