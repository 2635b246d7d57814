/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "digest.h"
#include "oci-json.h"

/* Blobs: files that are named by their digest. The name is checked for its form before it is a path, and the contents for their digest before
 * anything of them is used. */

#define OCI_TEXT_MAX ((size_t) 4 << 20) /* bytes of an index or a manifest: what registries take */

typedef struct OciDescriptor {
        char *type;                    /* media type; "": it has none */
        char digest[DIGEST_HEX_SIZE];  /* of SHA-256: the others are refused by name */
        uint64_t size;
} OciDescriptor;

void oci_descriptor_done(OciDescriptor *d);

/* `what` names it in messages. */
int oci_descriptor_read(json_t *object, const char *what, OciDescriptor *ret, Error **reterr);

/* A file of a stranger's directory, a regular one, beneath it; its symbolic links inside are followed where `links`. An fd. */
int oci_file_open(int directory, const char *path, bool links, Error **reterr);

/* One that is JSON: an object or an array. *ret is the caller's. */
int oci_json_file(int directory, const char *path, json_type type, json_t **ret, Error **reterr);

/* Small ones, whole; *ret is the caller's. */
int oci_blob_text(int directory, const OciDescriptor *d, size_t max, char **ret, Error **reterr);

/* Large ones: an fd at its beginning. What others than root could change while it is read is copied first, into a file without a name in
 * `scratch`. -ECANCELED by the watch. */
int oci_blob_open(int directory, const OciDescriptor *d, int scratch, const CopyWatch *watch, Error **reterr);

/* The same for a file that says nothing of its digest. */
int oci_blob_take(int fd, const char *path, int scratch, Error **reterr);

/* For messages: text of a stranger's, or that it cannot be shown. */
const char *oci_shown(const char *text);
