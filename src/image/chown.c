/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chown.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "chown-attributes.h"
#include "fd.h"

#define DEPTH_MAX 256 /* two open files a level */
#define ASK_EVERY 256

typedef struct Walk {
        const ChownRequest *q;
        ChownResult result;
        uint64_t seen;
} Walk;

static bool is_done(const ChownRequest *q, uint32_t id) {
        return id >= q->to && id < (uint64_t) q->to + q->count;
}

bool chown_shift(const ChownRequest *q, uint32_t *id) {
        if (is_done(q, *id))
                return true;
        if (q->from_unknown)
                *id = q->to + *id % 0x10000;
        else if (*id >= q->from && *id < (uint64_t) q->from + q->count)
                *id = q->to + (*id - q->from);
        else
                return false;
        return true;
}

static int failed_at(const Walk *w, int fd, int r, Error **reterr) {
        _cleanup_free_ char *path = NULL;

        if (fd_path(fd, &path) < 0)
                path = NULL;
        error_errno(reterr, r, "Cannot give %s to another user", path ?: w->q->path);
        if (r == -EROFS)
                return error_hint(reterr, r, "Its file system cannot be written to: copy the tree to one that can (cp -a %s ELSEWHERE).",
                                  w->q->path);
        if (r == -EPERM)
                return error_hint(reterr, r, "Is it immutable? `lsattr -d` tells, `chattr -i` makes it changeable.");
        return r;
}

/* Owner, and all that goes with it. What the kernel takes away with the owner is written down before, and put back after. */
static int change_file(Walk *w, int fd, const struct stat *st) {
        Attributes a = {};
        uint32_t uid = st->st_uid, gid = st->st_gid;
        bool strange = !chown_shift(w->q, &uid), moved;
        int r = 0;

        strange = !chown_shift(w->q, &gid) || strange;
        w->result.strange += strange;
        moved = uid != st->st_uid || gid != st->st_gid;
        if (!S_ISLNK(st->st_mode))
                r = attributes_read(fd, st, &a);
        if (r >= 0 && moved)
                r = attributes_keep(fd, &a);
        if (r >= 0 && moved && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
                r = -errno;
        if (r >= 0)
                r = attributes_restore(fd, w->q, &a, moved);
        w->result.changed += moved;
        return r;
}

static int open_entry(int dir, const char *name) {
        struct open_how how = {
                .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };
        long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

static int walk_directory(Walk *w, int directory, unsigned depth, Error **reterr);

static int walk_entry(Walk *w, int dir, const char *name, unsigned depth, Error **reterr) {
        _cleanup_close_ int fd = open_entry(dir, name);
        struct stat st;
        int r;

        if (fd == -EXDEV) {
                w->result.mounts++;
                return 0;
        }
        if (fd < 0 || fstat(fd, &st) < 0)
                return fd == -ENOENT ? 0 : failed_at(w, dir, fd < 0 ? fd : -errno, reterr);
        if (++w->seen % ASK_EVERY == 0 && w->q->is_cancelled && w->q->is_cancelled(w->q->userdata))
                return error_set(reterr, ECANCELED, "Giving the files of %s to other users was interrupted", w->q->path);
        if (S_ISDIR(st.st_mode)) {
                r = walk_directory(w, fd, depth, reterr);
                if (r < 0)
                        return r;
        }
        r = change_file(w, fd, &st);
        return r < 0 ? failed_at(w, fd, r, reterr) : 0;
}

static int walk_directory(Walk *w, int directory, unsigned depth, Error **reterr) {
        _cleanup_closedir_ DIR *d = fd_opendir(directory, ".");
        struct dirent *e;

        if (!d)
                return failed_at(w, directory, -errno, reterr);
        if (depth == 0)
                return failed_at(w, directory, -ELOOP, reterr);
        while ((errno = 0, e = readdir(d))) {
                int r;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                r = walk_entry(w, dirfd(d), e->d_name, depth - 1, reterr);
                if (r < 0)
                        return r;
        }
        return errno != 0 ? failed_at(w, directory, -errno, reterr) : 0;
}

/* The top directory tells whose the tree is, and so its owner (st has the new one) is the last to change, on disk as well. */
static int finish(Walk *w, int root, const struct stat *st) {
        _cleanup_close_ int real = fd_reopen(root, O_RDONLY | O_DIRECTORY);
        int r;

        if (real < 0)
                return real;
        if (syncfs(real) < 0)
                return -errno;
        r = change_file(w, root, st);
        return r < 0 ? r : fchownat(root, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

int tree_chown(int root, const ChownRequest *q, ChownResult *ret, Error **reterr) {
        Walk w = { .q = q };
        struct stat st;
        int r;

        if (fstat(root, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", q->path);
        if (!q->from_unknown && q->from < (uint64_t) q->to + q->count && q->to < (uint64_t) q->from + q->count)
                return error_set(reterr, EINVAL, "The user ids from %u and those from %u, %u of each, overlap", q->from, q->to, q->count);
        /* It stays a number in its block, which is all that is lost of it. In a machine there are no such ids (EINVAL): the top directory
         * then belongs to whom it belonged until all is done, and whoever asks for the same again goes on where this ended. */
        if (fchownat(root, "", CHOWN_BUSY | st.st_uid % 0x10000, CHOWN_BUSY | st.st_gid % 0x10000, AT_EMPTY_PATH) < 0 && errno != EINVAL)
                return failed_at(&w, root, -errno, reterr);
        r = walk_directory(&w, root, DEPTH_MAX, reterr);
        if (r < 0)
                return r;
        st.st_uid = q->to + st.st_uid % 0x10000;
        st.st_gid = q->to + st.st_gid % 0x10000;
        r = finish(&w, root, &st);
        if (r < 0)
                return failed_at(&w, root, r, reterr);
        *ret = w.result;
        return 0;
}
