/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "chown-attributes.h"
#include "tar-header.h"

/* Extended attributes as records of a tar: SCHILY.xattr.NAME, as star, GNU tar and libarchive have it, for user.* and security.capability;
 * SCHILY.acl.access and .default with the text of ACLs, ids by number. All others speak of this host: labels, measurements, overlayfs's
 * own. */

typedef struct AttributePacker {
        char *names;
        uint8_t *value; /* buffers; NULL until they are needed */
} AttributePacker;

void attribute_packer_done(AttributePacker *a);

/* Those of a file by any fd of it, sorted by name, added to records. Ids are shifted as `ids` says. 0 or -errno. */
int attributes_pack(AttributePacker *a, int fd, bool is_open, const ChownRequest *ids, TarBytes *records);

/* One that was read elsewhere, of those kinds. */
int attribute_pack(const char *name, const void *value, size_t size, TarBytes *records);

/* For tests: the text of an ACL as the kernel has it ("user::rw-,user:1000:r--,…"), added to b. -EBADMSG. */
int acl_text(const uint8_t *data, size_t size, TarBytes *b);
