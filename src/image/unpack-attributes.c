/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "unpack-job.h"

#define ID_MAX 65535U /* of those that a machine has */

/* ---- extended attributes ---- */

static bool is_acl(const char *name) {
        return strcmp(name, "system.posix_acl_access") == 0 || strcmp(name, "system.posix_acl_default") == 0;
}

/* The kernel believes all others of its own ("trusted.overlay.", "security.ima") about the host's files. */
static bool is_kept(const ArchiveEntry *e, const char *name) {
        bool is_file = e->kind == ENTRY_FILE, is_directory = e->kind == ENTRY_DIRECTORY;

        if (strncmp(name, "user.", 5) == 0 || strcmp(name, "system.posix_acl_access") == 0)
                return is_file || is_directory;
        if (strcmp(name, "security.capability") == 0)
                return is_file;
        return strcmp(name, "system.posix_acl_default") == 0 && is_directory;
}

static int cannot_hold(const ArchiveEntry *e, const EntryXattr *x, int r, Error **reterr) {
        if (r != -EOPNOTSUPP && r != -ENOSPC && r != -E2BIG && r != -ERANGE)
                return error_errno(reterr, r, "Cannot set the attribute '%.80s' of '%s' in the archive", x->name, e->path);
        error_set(reterr, r, "The file system cannot hold the attribute '%.80s' of '%s' in the archive: %s", x->name, e->path,
                  r == -EOPNOTSUPP ? "it has none of that kind" : "it is too big");
        return error_hint(reterr, r, "Put it on a file system that can, such as btrfs or xfs.");
}

static int set_xattrs(UnpackJob *j, const ArchiveEntry *e, int fd, Error **reterr) {
        for (size_t i = 0; i < e->n_xattrs; i++) {
                const EntryXattr *x = &e->xattrs[i];

                if (!is_kept(e, x->name)) {
                        j->done.xattrs++;
                        continue;
                }
                if (fsetxattr(fd, x->name, x->value, x->size, 0) < 0)
                        return cannot_hold(e, x, -errno, reterr);
                if (is_acl(x->name))
                        j->place.meets_acls = true;
        }
        return 0;
}

/* A directory that has come before, perhaps because nothing listed it yet: what this entry does not say, it has not. */
static int forget_xattrs(int fd) {
        char names[4096];
        ssize_t n = flistxattr(fd, names, sizeof(names));

        if (n < 0)
                return errno == EOPNOTSUPP || errno == ERANGE ? 0 : -errno;
        for (const char *name = names; name < names + n; name += strlen(name) + 1)
                if ((is_acl(name) || strncmp(name, "user.", 5) == 0) && fremovexattr(fd, name) < 0 && errno != ENODATA)
                        return -errno;
        return 0;
}

/* ---- all of an open file ---- */

/* Made by root, with the mode that it is to have, in a directory that hands nothing on, it has its owner and mode already. */
static int set_owner(const ArchiveEntry *e, const Made *m) {
        if (e->uid == 0 && e->gid == 0 && !m->in->is_setgid && !m->existed)
                return 0;
        return fchown(m->fd, e->uid, e->gid) < 0 ? -errno : 0;
}

static int set_mode(const ArchiveEntry *e, const Made *m) {
        bool inherits = m->in->has_default_acl || (m->in->is_setgid && e->kind == ENTRY_DIRECTORY);

        if ((e->mode & 07000) == 0 && !inherits && !m->existed)
                return 0;
        return fchmod(m->fd, e->mode & 07777) < 0 ? -errno : 0;
}

static int set_all(UnpackJob *j, const ArchiveEntry *e, const Made *m, Error **reterr) {
        struct timespec times[2] = { e->mtime, e->mtime };
        int r = set_owner(e, m);

        if (r >= 0 && m->in->has_default_acl)
                r = unpack_drop_acls(m->fd);
        if (r >= 0 && m->existed)
                r = forget_xattrs(m->fd);
        if (r >= 0)
                r = set_mode(e, m);
        if (r < 0)
                return unpack_failed(e->path, r, reterr);
        r = set_xattrs(j, e, m->fd, reterr); /* an ACL changes the mode, and knows better what it should be */
        if (r < 0)
                return r;
        if (e->kind != ENTRY_DIRECTORY && futimens(m->fd, times) < 0)
                r = -errno;
        return r < 0 ? unpack_failed(e->path, r, reterr) : 0;
}

/* ---- what is not opened ---- */

static int set_by_name(UnpackJob *j, const ArchiveEntry *e, const Made *m) {
        struct timespec times[2] = { e->mtime, e->mtime };
        int dir = m->in->fd;

        j->done.xattrs += e->n_xattrs;
        if ((e->uid != 0 || e->gid != 0 || m->in->is_setgid) && fchownat(dir, m->name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (e->kind != ENTRY_SYMLINK && fchmodat(dir, m->name, e->mode & 07777, 0) < 0) /* that is no link: we have just made it */
                return -errno;
        return utimensat(dir, m->name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int unpack_attributes(UnpackJob *j, const ArchiveEntry *e, const Made *m, Error **reterr) {
        int r;

        j->done.strangers += e->uid > ID_MAX || e->gid > ID_MAX;
        j->done.xattrs += e->acls_left_out;
        if (m->fd >= 0)
                return set_all(j, e, m, reterr);
        r = set_by_name(j, e, m);
        return r < 0 ? unpack_failed(e->path, r, reterr) : 0;
}
