/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "error.h"

/* A stranger's JSON: bounded, strict (no member twice, no NUL, nothing behind its end; jansson goes 2048 levels deep), and read by type.
 * A member that is missing or null is no error: NULL. One of another type is, -EBADMSG with its name. `what` is for messages, clean. */

#define _cleanup_json_ _cleanup_(json_decrefp)

/* JSON_OBJECT or JSON_ARRAY, whose size the caller bounds by max bytes (-EFBIG). *ret is the caller's. */
int oci_json_load(const char *text, size_t size, size_t max, json_type type, const char *what, json_t **ret, Error **reterr);

/* Borrowed from the object. */
int oci_json_string(json_t *object, const char *key, const char **ret, Error **reterr);
int oci_json_object(json_t *object, const char *key, json_t **ret, Error **reterr);
int oci_json_array(json_t *object, const char *key, json_t **ret, Error **reterr);

/* An array of strings; the names of an object's members, sorted. *ret is the caller's; NULL: there is none; an empty one is an array of
 * none. */
int oci_json_strings(json_t *object, const char *key, char ***ret, Error **reterr);
int oci_json_keys(json_t *object, const char *key, char ***ret, Error **reterr);
