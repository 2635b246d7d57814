/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive-entry.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <string.h>

#include "archive-acl.h"

#define PARTS_MAX (3 + 3 * ENTRY_XATTRS_MAX)

/* A record while it is gathered. */
typedef struct Gathered {
        ArchiveOut *out;
        const char *path;
        RecordEntry entry;
        RecordXattr xattrs[ENTRY_XATTRS_MAX];
        OutPart parts[PARTS_MAX];
        size_t n_parts, metadata;
        AclValue acls[2];
} Gathered;

static void add_part(Gathered *g, const void *data, size_t size) {
        g->parts[g->n_parts++] = (OutPart){ data, size };
}

static int add_xattr(Gathered *g, const char *name, const void *value, size_t size) {
        size_t name_size = strlen(name) + 1;

        if (g->entry.n_xattrs == ENTRY_XATTRS_MAX || size > ENTRY_XATTR_SIZE_MAX)
                return out_fail(g->out, FAIL_XATTRS, 0, g->path);
        g->metadata += sizeof(RecordXattr) + name_size + size;
        if (g->metadata > ENTRY_METADATA_MAX)
                return out_fail(g->out, FAIL_METADATA, 0, g->path);
        g->xattrs[g->entry.n_xattrs] = (RecordXattr){ (uint32_t) name_size, (uint32_t) size };
        add_part(g, &g->xattrs[g->entry.n_xattrs++], sizeof(RecordXattr));
        add_part(g, name, name_size);
        add_part(g, value, size);
        return 0;
}

/* A file's mode has the mask in the place of the group's rights (acl(5)), which libarchive puts back there. */
static void mode_by_mask(Gathered *g, const AclValue *acl, size_t size) {
        size_t n = (size - offsetof(AclValue, entries)) / sizeof(acl->entries[0]);

        for (size_t i = 0; i < n; i++)
                if (le16toh(acl->entries[i].tag) == ACL_MASK)
                        g->entry.mode = (g->entry.mode & ~(uint32_t) 070) | (uint32_t) le16toh(acl->entries[i].permissions) << 3;
}

static int add_acl(const ArchiveLibrary *l, struct archive_entry *e, Gathered *g, int type, const char *name) {
        AclValue *value = &g->acls[type == ARCHIVE_ENTRY_ACL_TYPE_DEFAULT];
        size_t size = 0;
        int r = acl_value(l, e, type, value, &size);

        if (r == -E2BIG)
                return out_fail(g->out, FAIL_XATTRS, 0, g->path);
        if (r == -ENODATA)
                g->entry.acls_left_out++;
        if (r > 0 && type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS)
                mode_by_mask(g, value, size);
        return r > 0 ? add_xattr(g, name, value, size) : 0;
}

static int add_xattrs(const ArchiveLibrary *l, struct archive_entry *e, Gathered *g) {
        const char *name;
        const void *value;
        size_t size;
        int r = 0;

        if (l->xattr_reset(e) > 0)
                while (r >= 0 && l->xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
                        r = add_xattr(g, name, value, size);
        if (r >= 0)
                r = add_acl(l, e, g, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access");
        if (r >= 0)
                r = add_acl(l, e, g, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default");
        return r;
}

static int kind_of(unsigned type, Gathered *g) {
        static const struct {
                unsigned type;
                EntryKind kind;
        } kinds[] = {
                { AE_IFREG, ENTRY_FILE },   { AE_IFDIR, ENTRY_DIRECTORY }, { AE_IFLNK, ENTRY_SYMLINK }, { AE_IFIFO, ENTRY_FIFO },
                { AE_IFSOCK, ENTRY_SOCKET }, { AE_IFCHR, ENTRY_CHAR },      { AE_IFBLK, ENTRY_BLOCK },
        };

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (kinds[i].type == type) {
                        g->entry.kind = kinds[i].kind;
                        return 0;
                }
        return out_fail(g->out, FAIL_KIND, 0, g->path);
}

/* A user's or group's number: -1 is "leave it" to chown(2). */
static bool is_id(la_int64_t id) {
        return id >= 0 && id < UINT32_MAX;
}

static int add_numbers(const ArchiveLibrary *l, struct archive_entry *e, Gathered *g) {
        la_int64_t size = l->size(e);
        long nanoseconds = l->mtime_nsec(e);

        if (size < 0)
                return out_fail(g->out, FAIL_SIZE, 0, g->path);
        if (!is_id(l->uid(e)) || !is_id(l->gid(e)))
                return out_fail(g->out, FAIL_OWNER, 0, g->path);
        g->entry.mode = (uint32_t) l->perm(e) & 07777;
        g->entry.uid = (uint32_t) l->uid(e);
        g->entry.gid = (uint32_t) l->gid(e);
        g->entry.size = g->entry.kind == ENTRY_FILE ? (uint64_t) size : 0;
        g->entry.seconds = l->mtime(e);
        g->entry.nanoseconds = nanoseconds >= 0 && nanoseconds < 1000000000 ? (uint32_t) nanoseconds : 0;
        g->entry.device_major = (uint32_t) l->rdevmajor(e);
        g->entry.device_minor = (uint32_t) l->rdevminor(e);
        return 0;
}

int entry_put(const ArchiveLibrary *l, struct archive_entry *e, ArchiveOut *o, EntryKind *ret) {
        const char *hard = l->hardlink(e), *target;
        Gathered g;
        int r;

        g.out = o;
        g.path = l->pathname(e) ?: "";
        g.n_parts = g.metadata = 0;
        g.entry = (RecordEntry){ .kind = ENTRY_HARD_LINK, .path_size = (uint32_t) strnlen(g.path, ENTRY_PATH_MAX + 1) + 1 };
        r = hard ? 0 : kind_of(l->filetype(e), &g);
        if (r < 0)
                return r;
        target = hard ?: g.entry.kind == ENTRY_SYMLINK ? l->symlink(e) ?: "" : NULL;
        if (target)
                g.entry.target_size = (uint32_t) strnlen(target, ENTRY_PATH_MAX + 1) + 1;
        if (g.entry.path_size > ENTRY_PATH_MAX + 1 || g.entry.target_size > ENTRY_PATH_MAX + 1)
                return out_fail(o, FAIL_PATH, 0, g.path);
        r = add_numbers(l, e, &g);
        if (r < 0)
                return r;
        add_part(&g, &g.entry, sizeof(g.entry));
        add_part(&g, g.path, g.entry.path_size);
        add_part(&g, target, g.entry.target_size);
        r = add_xattrs(l, e, &g);
        if (r < 0)
                return r;
        out_record(o, RECORD_ENTRY, g.parts, g.n_parts);
        *ret = (EntryKind) g.entry.kind;
        return 0;
}
