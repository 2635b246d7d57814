/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive-acl.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cleanup.h"

static int compare(const void *a, const void *b) {
        const AclEntry *x = a, *y = b;
        uint32_t id_x = le32toh(x->id), id_y = le32toh(y->id);

        if (x->tag != y->tag)
                return le16toh(x->tag) < le16toh(y->tag) ? -1 : 1;
        return id_x < id_y ? -1 : id_x > id_y;
}

static uint16_t kernel_tag(int tag) {
        static const struct {
                int libarchive;
                uint16_t kernel;
        } tags[] = {
                { ARCHIVE_ENTRY_ACL_USER_OBJ, ACL_USER_OBJ },   { ARCHIVE_ENTRY_ACL_USER, ACL_USER },
                { ARCHIVE_ENTRY_ACL_GROUP_OBJ, ACL_GROUP_OBJ }, { ARCHIVE_ENTRY_ACL_GROUP, ACL_GROUP },
                { ARCHIVE_ENTRY_ACL_MASK, ACL_MASK },           { ARCHIVE_ENTRY_ACL_OTHER, ACL_OTHER },
        };

        for (size_t i = 0; i < ELEMENTSOF(tags); i++)
                if (tags[i].libarchive == tag)
                        return tags[i].kernel;
        return 0;
}

int acl_value(const ArchiveLibrary *l, struct archive_entry *e, int type, AclValue *ret, size_t *ret_size) {
        int got_type, permissions, tag, id;
        const char *name;
        size_t n = 0;

        if (l->acl_reset(e, type) == 0)
                return 0;
        while (l->acl_next(e, type, &got_type, &permissions, &tag, &id, &name) == ARCHIVE_OK) {
                uint16_t t = kernel_tag(tag);
                bool has_id = t == ACL_USER || t == ACL_GROUP;

                if (t == 0)
                        continue;
                if (has_id && id < 0)
                        return -ENODATA;
                if (n == ACL_ENTRIES_MAX)
                        return -E2BIG;
                ret->entries[n++] = (AclEntry){
                        .tag = htole16(t),
                        .permissions = htole16((uint16_t) (permissions & 7)), /* libarchive's three bits are the kernel's */
                        .id = htole32(has_id ? (uint32_t) id : (uint32_t) ACL_UNDEFINED_ID),
                };
        }
        if (n == 0)
                return 0;
        qsort(ret->entries, n, sizeof(ret->entries[0]), compare);
        ret->version = htole32(POSIX_ACL_XATTR_VERSION);
        *ret_size = offsetof(AclValue, entries) + n * sizeof(ret->entries[0]);
        return 1;
}
