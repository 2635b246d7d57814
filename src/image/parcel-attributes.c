/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parcel-attributes.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "cleanup.h"

/* ---- out ---- */

void parcel_xattrs_done(ParcelXattrs *x) {
        free(x->names);
        free(x->value);
        *x = (ParcelXattrs){};
}

bool parcel_xattr_is_privilege(const char *name) {
        return strcmp(name, "security.capability") == 0;
}

bool parcel_xattr_goes_along(const char *name) {
        return strncmp(name, "user.", 5) == 0 || parcel_xattr_is_privilege(name) || strcmp(name, "system.posix_acl_access") == 0 ||
                strcmp(name, "system.posix_acl_default") == 0;
}

/* Whose root they are for, is for whoever writes them to say (version 3 of capabilities(7) names him, version 2 means the reader's own). */
static size_t without_root(void *value, size_t n) {
        struct vfs_ns_cap_data *caps = value;
        uint32_t magic = n >= sizeof(caps->magic_etc) ? le32toh(caps->magic_etc) : 0;

        if (n != XATTR_CAPS_SZ_3 || (magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3)
                return n;
        caps->magic_etc = htole32((magic & ~VFS_CAP_REVISION_MASK) | VFS_CAP_REVISION_2);
        return XATTR_CAPS_SZ_2;
}

static int send_one(ParcelXattrs *x, ParcelPipe *p, int fd, const char *name, Error **reterr) {
        ssize_t n = fgetxattr(fd, name, x->value, XATTR_SIZE_MAX);

        if (n < 0)
                return 0; /* gone, or of a user namespace that is not ours */
        if (parcel_xattr_is_privilege(name))
                n = (ssize_t) without_root(x->value, (size_t) n);
        return parcel_send(p, &(Parcel){ .head = { .kind = PARCEL_XATTR, .bytes_size = (uint32_t) n }, .name = name, .bytes = x->value,
                                         .fd = -1 }, reterr);
}

int parcel_xattrs_send(ParcelXattrs *x, ParcelPipe *p, int fd, Error **reterr) {
        ssize_t n;

        x->names = x->names ?: malloc(XATTR_LIST_MAX + 1);
        x->value = x->value ?: malloc(XATTR_SIZE_MAX);
        if (!x->names || !x->value)
                return error_oom(reterr);
        n = flistxattr(fd, x->names, XATTR_LIST_MAX);
        if (n <= 0)
                return n == 0 || errno == EOPNOTSUPP || errno == ENOSYS
                               ? 0 : error_errno(reterr, errno, "Cannot read the attributes of a file");
        x->names[n] = 0;
        for (const char *name = x->names; name < x->names + n; name += strlen(name) + 1) {
                int r = parcel_xattr_goes_along(name) ? send_one(x, p, fd, name, reterr) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- in ---- */

void parcel_pending_done(ParcelPending *x) {
        free(x->data);
        *x = (ParcelPending){};
}

int parcel_pending_add(ParcelPending *x, const Parcel *parcel, Error **reterr) {
        size_t name_size = parcel->head.name_size, needed = x->n + name_size + sizeof(uint32_t) + parcel->head.bytes_size;
        uint32_t size = parcel->head.bytes_size;
        uint8_t *to;

        if (!parcel_xattr_goes_along(parcel->name))
                return error_set(reterr, EBADMSG, "An attribute '%.80s' is not one that is copied", parcel->name);
        if (needed > PARCEL_XATTRS_MAX)
                return error_set(reterr, E2BIG, "A file has more than %u bytes of attributes", PARCEL_XATTRS_MAX);
        if (needed > x->size) {
                uint8_t *data = realloc(x->data, needed * 2);

                if (!data)
                        return error_oom(reterr);
                x->data = data;
                x->size = needed * 2;
        }
        to = x->data + x->n;
        memcpy(to, parcel->name, name_size);
        memcpy(to + name_size, &size, sizeof(size));
        memcpy(to + name_size + sizeof(size), parcel->bytes, size);
        x->n = needed;
        return 0;
}

void parcel_pending_each(const ParcelPending *x, void (*f)(const char *name, const void *value, size_t size, void *userdata),
                         void *userdata) {
        for (size_t at = 0; at < x->n;) {
                const char *name = (const char *) x->data + at;
                uint32_t size;

                at += strlen(name) + 1;
                memcpy(&size, x->data + at, sizeof(size));
                at += sizeof(size);
                f(name, x->data + at, size, userdata);
                at += size;
        }
}

/* ---- paths ---- */

void parcel_split_done(ParcelSplit *s) {
        free(s->directory);
        free(s->name);
        *s = (ParcelSplit){};
}

int parcel_split(const char *path, ParcelSplit *ret) {
        size_t end = strlen(path), start;
        bool is_directory = false;

        if (end == 0)
                return -ENOENT;
        for (;;) {
                while (end > 0 && path[end - 1] == '/') {
                        end--;
                        is_directory = true;
                }
                if (end < 2 || path[end - 1] != '.' || path[end - 2] != '/')
                        break;
                end--;
        }
        start = end;
        while (start > 0 && path[start - 1] != '/')
                start--;
        *ret = (ParcelSplit){ .is_directory = is_directory };
        ret->name = strndup(path + start, end - start);
        if (ret->name && *ret->name && !parcel_name_is_valid(ret->name)) { /* ".", "..", or too long to be one */
                bool is_long = ret->name[0] != '.' || strlen(ret->name) > 2;

                if (is_long) {
                        parcel_split_done(ret);
                        return -ENAMETOOLONG;
                }
                *ret->name = 0;
        }
        ret->directory = start > 0 ? strndup(path, start) : strdup(".");
        if (ret->name && ret->directory)
                return 0;
        parcel_split_done(ret);
        return -ENOMEM;
}
