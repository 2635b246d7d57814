/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "archive-library.h"

/* An ACL of libarchive's (type: ARCHIVE_ENTRY_ACL_TYPE_ACCESS or _DEFAULT) as the value of system.posix_acl_access and _default (the kernel's
 * linux/posix_acl_xattr.h, version 2, little endian; entries in the order that the kernel asks for). */

typedef struct AclEntry {
        uint16_t tag, permissions;
        uint32_t id;
} AclEntry;

#define ACL_ENTRIES_MAX 1024U

typedef struct AclValue {
        uint32_t version;
        AclEntry entries[ACL_ENTRIES_MAX];
} AclValue;

/* 1 and the value's size; 0: there is none; -ENODATA: someone in it has a name and no number; -E2BIG: too many. */
int acl_value(const ArchiveLibrary *l, struct archive_entry *e, int type, AclValue *ret, size_t *ret_size);
