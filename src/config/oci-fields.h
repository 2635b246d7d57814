/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Every field that the configuration of an OCI bundle may have, by the schema of runtime-spec 1.2: one row for each, with what it holds and
 * what becomes of it here. The manual page nbox-oci(1) prints the rows, and a configuration is held against them before anything of it is
 * read: so nothing that an engine asks for is passed over in silence, and whoever reads a value knows of what type it is. */

typedef enum OciType {
        OCI_OBJECT, /* members of their own rows */
        OCI_LIST,   /* its items have the row NAME[] */
        OCI_MAP,    /* keys as one likes, its values have the row NAME.* */
        OCI_TEXT,
        OCI_BOOL,
        OCI_INT32,
        OCI_UINT32,
        OCI_INT64,
        OCI_UINT64, /* what is above INT64_MAX is there as the same 64 bits (oci-load.h) */
} OciType;

typedef enum OciHow {
        OCI_HONOURED,
        OCI_REFUSED, /* unless it asks for nothing: null, false, "", [] or {} */
        OCI_NOTED,   /* is for whoever looks: kept, and handed on where the specification says so */
} OciHow;

/* Text in the row itself: a pointer to it would be a word of each process's own memory, for a table that few look at. */
typedef struct OciField {
        char name[64];    /* "linux.namespaces[].type", "linux.rdma.*.hcaObjects" */
        OciType type;
        bool required;
        OciHow how;
        char remark[256]; /* a whole sentence: what is done with it, or why it is refused and what to use instead */
} OciField;

/* Those below one stand right behind it. */
extern const OciField oci_fields[];
extern const size_t n_oci_fields;

const OciField *oci_field_find(const char *name);

/* Whether `value` may stand at `name` ("" for a whole configuration): -EBADMSG for what is missing, of another type or out of its range,
 * -EOPNOTSUPP for what is refused, with its name. What has no row is warned about: the specification wants no error for it. */
int oci_fields_check(const char *name, const json_t *value, Error **reterr);
