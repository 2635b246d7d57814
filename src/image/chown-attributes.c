/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chown-attributes.h"

#include <endian.h>
#include <linux/capability.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/xattr.h>

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define CAPABILITY "security.capability"
#define KEPT "trusted.nbox.kept"

#define NAMES_MAX (64 * 1024)
#define ACL_MAX (64 * 1024)

/* acl(5): the tags of entries that name somebody */
#define TAG_USER 0x02
#define TAG_GROUP 0x08

/* A file's attributes are reached by its O_PATH fd, through /proc: fsetxattr(2) wants a file that is open. */
typedef struct FdPath {
        char text[32];
} FdPath;

static FdPath path_of(int fd) {
        FdPath p;

        snprintf(p.text, sizeof(p.text), "/proc/self/fd/%d", fd);
        return p;
}

/* ---- what stands in them ---- */

int acl_shift(const ChownRequest *q, uint8_t *data, size_t size) {
        struct posix_acl_xattr_header header;
        int changed = 0;

        if (size < sizeof(header) || (size - sizeof(header)) % sizeof(struct posix_acl_xattr_entry) != 0)
                return -EBADMSG;
        memcpy(&header, data, sizeof(header));
        if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
                return -EBADMSG;
        for (size_t at = sizeof(header); at < size; at += sizeof(struct posix_acl_xattr_entry)) {
                struct posix_acl_xattr_entry e;
                uint32_t id, before;

                memcpy(&e, data + at, sizeof(e));
                id = before = le32toh(e.e_id);
                if ((le16toh(e.e_tag) != TAG_USER && le16toh(e.e_tag) != TAG_GROUP) || !chown_shift(q, &id) || id == before)
                        continue;
                e.e_id = htole32(id);
                memcpy(data + at, &e, sizeof(e));
                changed = 1;
        }
        return changed;
}

/* Version 2 is of the host's root, to every user namespace; version 3 names the root of one (capabilities(7)). */
int caps_shift(const ChownRequest *q, uint8_t *data, size_t *size) {
        struct vfs_ns_cap_data caps = {};
        uint32_t magic, root, before;

        if (*size != XATTR_CAPS_SZ_2 && *size != XATTR_CAPS_SZ_3)
                return -EBADMSG;
        memcpy(&caps, data, *size);
        magic = le32toh(caps.magic_etc);
        root = before = *size == XATTR_CAPS_SZ_3 ? le32toh(caps.rootid) : 0;
        if (!chown_shift(q, &root) || root == before)
                return 0;
        caps.rootid = htole32(root);
        caps.magic_etc = htole32((magic & ~VFS_CAP_REVISION_MASK) | (root == 0 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3));
        *size = root == 0 ? XATTR_CAPS_SZ_2 : XATTR_CAPS_SZ_3;
        memcpy(data, &caps, *size);
        return 1;
}

/* ---- of a file ---- */

static bool has_none(int r) {
        return r == -EOPNOTSUPP || r == -ENODATA;
}

static int read_caps(const char *path, Attributes *a) {
        ssize_t n = getxattr(path, CAPABILITY, a->caps, sizeof(a->caps));

        if (n < 0)
                return has_none(-errno) ? 0 : -errno;
        a->caps_size = (size_t) n;
        return 0;
}

/* The mode, and behind it the capabilities. */
static int read_kept(const char *path, Attributes *a) {
        uint8_t data[sizeof(uint32_t) + FILE_CAPS_MAX];
        ssize_t n = getxattr(path, KEPT, data, sizeof(data));
        uint32_t mode;

        if (n < 0)
                return -errno;
        if ((size_t) n < sizeof(mode))
                return -EBADMSG;
        memcpy(&mode, data, sizeof(mode));
        a->mode = le32toh(mode) & 07777;
        a->caps_size = (size_t) n - sizeof(mode);
        memcpy(a->caps, data + sizeof(mode), a->caps_size);
        a->kept = true;
        return 0;
}

int attributes_read(int fd, const struct stat *st, Attributes *ret) {
        _cleanup_free_ char *names = malloc(NAMES_MAX);
        FdPath path = path_of(fd);
        bool caps = false, kept = false;
        ssize_t n;

        if (!names)
                return -ENOMEM;
        *ret = (Attributes){ .is_directory = S_ISDIR(st->st_mode), .mode = st->st_mode & 07777 };
        n = listxattr(path.text, names, NAMES_MAX);
        if (n < 0)
                return has_none(-errno) ? 0 : -errno;
        for (const char *name = names; name < names + n; name += strlen(name) + 1) {
                ret->has_acl = ret->has_acl || strcmp(name, ACL_ACCESS) == 0;
                ret->has_default_acl = ret->has_default_acl || strcmp(name, ACL_DEFAULT) == 0;
                caps = caps || strcmp(name, CAPABILITY) == 0;
                kept = kept || strcmp(name, KEPT) == 0;
        }
        return kept ? read_kept(path.text, ret) : caps ? read_caps(path.text, ret) : 0;
}

static bool loses(const Attributes *a) {
        return !a->is_directory && (a->caps_size > 0 || (a->mode & (S_ISUID | S_ISGID)));
}

int attributes_keep(int fd, Attributes *a) {
        uint8_t data[sizeof(uint32_t) + FILE_CAPS_MAX];
        uint32_t mode = htole32(a->mode);
        int r;

        if (a->kept || !loses(a))
                return 0;
        memcpy(data, &mode, sizeof(mode));
        memcpy(data + sizeof(mode), a->caps, a->caps_size);
        r = setxattr(path_of(fd).text, KEPT, data, sizeof(mode) + a->caps_size, 0) < 0 ? -errno : 0;
        a->kept = r >= 0;
        return r == -EOPNOTSUPP || r == -EPERM ? 0 : r;
}

static int restore_acl(const char *path, const char *name, const ChownRequest *q) {
        _cleanup_free_ uint8_t *data = malloc(ACL_MAX);
        ssize_t n = data ? getxattr(path, name, data, ACL_MAX) : -1;
        int r;

        if (!data)
                return -ENOMEM;
        if (n < 0)
                return has_none(-errno) ? 0 : -errno;
        r = acl_shift(q, data, (size_t) n);
        return r > 0 && setxattr(path, name, data, (size_t) n, 0) < 0 ? -errno : r;
}

static int restore_caps(const char *path, const ChownRequest *q, const Attributes *a, bool lost) {
        uint8_t data[FILE_CAPS_MAX];
        size_t size = a->caps_size;
        int r;

        if (size == 0)
                return 0;
        memcpy(data, a->caps, size);
        r = caps_shift(q, data, &size);
        if (r < 0)
                return r;
        return (r > 0 || lost) && setxattr(path, CAPABILITY, data, size, 0) < 0 ? -errno : 0;
}

int attributes_restore(int fd, const ChownRequest *q, const Attributes *a, bool moved) {
        FdPath path = path_of(fd);
        bool lost = (moved || a->kept) && loses(a);
        int r = 0;

        if (a->has_acl)
                r = restore_acl(path.text, ACL_ACCESS, q);
        if (r >= 0 && a->has_default_acl)
                r = restore_acl(path.text, ACL_DEFAULT, q);
        if (r >= 0 && lost && chmod(path.text, a->mode) < 0)
                r = -errno;
        if (r >= 0)
                r = restore_caps(path.text, q, a, lost);
        if (r >= 0 && a->kept && removexattr(path.text, KEPT) < 0)
                r = -errno;
        return r < 0 ? r : 0;
}
