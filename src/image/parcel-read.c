/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parcel-read.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "copy-links.h"
#include "copy-path.h"
#include "copy-source.h"
#include "fd.h"
#include "parcel-attributes.h"
#include "parcel-place.h"

#define UNSIZED_MAX (UINT64_C(16) * 1024 * 1024) /* of a file that does not know its size */
#define SWAPS_MAX 8                              /* how often an entry may be another one when it is opened */

typedef struct Reader {
        ParcelPipe *pipe;
        const ParcelRead *q;
        ParcelXattrs xattrs;
        HardLinks links;
        CopyPath path;    /* beneath the top */
        uint64_t mount;   /* where we are */
        bool in_kernels;  /* one of the kernel's own file systems, that was asked for */
        uint8_t *buffer;
} Reader;

static void reader_done(Reader *r) {
        parcel_xattrs_done(&r->xattrs);
        hard_links_done(&r->links);
        copy_path_done(&r->path);
        free(r->buffer);
}

static int failed(const Reader *r, const char *name, int error, Error **reterr) {
        const char *at = r->path.length > 0 ? copy_path_text(&r->path) : "";

        if (error == -ELOOP)
                return error_set(reterr, ELOOP, "Cannot copy %s: it has more than %d directories in each other", r->q->path,
                                 PARCEL_DEPTH_MAX);
        if (error == -E2BIG)
                return error_set(reterr, E2BIG, "Cannot copy %s: it has more than %u files with several names", r->q->path, HARD_LINKS_MAX);
        if (error == -EFBIG)
                return error_set(reterr, EFBIG, "Cannot copy %s: a file of no size has more than %" PRIu64 " bytes, or no end", r->q->path,
                                 UNSIZED_MAX);
        if (!*at && !*name)
                return error_errno(reterr, error, "Cannot copy %s", r->q->path);
        return error_errno(reterr, error, "Cannot copy %s of %s", *name ? name : at, r->q->path);
}

/* ---- what is sent ---- */

static uint32_t id_inside(const Reader *r, uint32_t id) {
        const ParcelRead *q = r->q;

        if (q->range == 0 || (q->base > 0 && id < q->range))
                return id;
        if (id >= q->base && id - q->base < q->range)
                return id - q->base;
        r->pipe->tally->strangers++;
        return 0;
}

static ParcelHead head_of(const Reader *r, ParcelKind kind, const struct statx *st) {
        return (ParcelHead){ .kind = kind, .mode = st->stx_mode & 07777U, .uid = id_inside(r, st->stx_uid),
                             .gid = id_inside(r, st->stx_gid),
                             .size = st->stx_size, .atime_sec = st->stx_atime.tv_sec, .atime_nsec = st->stx_atime.tv_nsec,
                             .mtime_sec = st->stx_mtime.tv_sec, .mtime_nsec = st->stx_mtime.tv_nsec };
}

static int send_entry(Reader *r, ParcelHead head, const char *name, const char *text, Error **reterr) {
        head.bytes_size = text ? (uint32_t) strlen(text) + 1 : 0;
        return parcel_send(r->pipe, &(Parcel){ .head = head, .name = name, .bytes = text, .fd = -1 }, reterr);
}

/* ---- files ---- */

static bool is_kernels(int fd) {
        static const long magics[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
                                       SECURITYFS_MAGIC, DEVPTS_SUPER_MAGIC, BPF_FS_MAGIC, PSTOREFS_MAGIC, EFIVARFS_MAGIC, SELINUX_MAGIC,
                                       0x19800202 /* mqueue */, 0x62656570 /* configfs */, BINFMTFS_MAGIC, 0x65735543 /* fusectl */ };
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(magics); i++)
                if ((long) fs.f_type == magics[i])
                        return true;
        return false;
}

static bool has_no_size(const Reader *r, int fd, const struct statx *st, bool is_top) {
        return st->stx_dev_major == 0 && (st->stx_size == 0 || r->in_kernels || (is_top && is_kernels(fd)));
}

/* All of it first, for only then it is known how long it is. */
static int read_unsized(Reader *r, int fd, size_t *ret) {
        size_t n = 0, room = 0;

        for (;;) {
                ssize_t k;

                if (n == room) {
                        uint8_t *buffer = room < UNSIZED_MAX ? realloc(r->buffer, room ? room * 2 : PARCEL_BYTES_MAX) : NULL;

                        if (!buffer)
                                return room < UNSIZED_MAX ? -ENOMEM : -EFBIG;
                        r->buffer = buffer;
                        room = room ? room * 2 : PARCEL_BYTES_MAX;
                }
                k = read(fd, r->buffer + n, room - n);
                if (k < 0 && errno != EINTR)
                        return -errno;
                if (k == 0)
                        break;
                n += k > 0 ? (size_t) k : 0;
        }
        *ret = n;
        return 0;
}

static int send_bytes(Reader *r, size_t n, Error **reterr) {
        for (size_t at = 0; at < n; at += PARCEL_BYTES_MAX) {
                uint32_t part = n - at < PARCEL_BYTES_MAX ? (uint32_t) (n - at) : PARCEL_BYTES_MAX;
                Parcel data = { .head = { .kind = PARCEL_DATA, .size = at, .bytes_size = part }, .bytes = r->buffer + at, .fd = -1 };
                int k = parcel_send(r->pipe, &data, reterr);

                if (k < 0)
                        return k;
        }
        return send_entry(r, (ParcelHead){ .kind = PARCEL_FILE_END }, NULL, NULL, reterr);
}

static int send_unsized(Reader *r, int fd, const char *name, ParcelHead head, Error **reterr) {
        size_t n = 0;
        int k = read_unsized(r, fd, &n);

        if (k < 0 && k != -ENOMEM && k != -EFBIG && r->in_kernels) {
                r->pipe->tally->unreadable++;
                return 0;
        }
        if (k < 0)
                return failed(r, name, k, reterr);
        head.size = n;
        k = parcel_xattrs_send(&r->xattrs, r->pipe, fd, reterr);
        if (k >= 0)
                k = send_entry(r, head, name, NULL, reterr);
        return k < 0 ? k : send_bytes(r, n, reterr);
}

/* 1: it is sent, as a link to another name of it. */
static int send_known(Reader *r, const struct statx *st, const char *name, Error **reterr) {
        HardLink *known;
        int k = hard_links_see(&r->links, st, &known);

        if (k < 0)
                return failed(r, name, k, reterr);
        if (known->path) {
                k = send_entry(r, (ParcelHead){ .kind = PARCEL_HARD_LINK }, name, known->path, reterr);
                return k < 0 ? k : 1;
        }
        known->path = copy_path_with(&r->path, name);
        return known->path ? 0 : error_oom(reterr);
}

static int send_file(Reader *r, int fd, const struct statx *st, const char *name, bool is_top, Error **reterr) {
        ParcelHead head = head_of(r, PARCEL_FILE, st);
        int k = !is_top && st->stx_nlink > 1 ? send_known(r, st, name, reterr) : 0;

        if (k != 0)
                return k < 0 ? k : 0;
        if (has_no_size(r, fd, st, is_top))
                return send_unsized(r, fd, name, head, reterr);
        k = parcel_xattrs_send(&r->xattrs, r->pipe, fd, reterr);
        if (k < 0)
                return k;
        head.flags = st->stx_blocks < st->stx_size / 512 ? PARCEL_SPARSE : 0;
        return parcel_send(r->pipe, &(Parcel){ .head = head, .name = name, .fd = fd }, reterr);
}

static int send_link(Reader *r, int dir, const char *name, const struct statx *st, Error **reterr) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

        if (n < 0)
                return errno == ENOENT || errno == EINVAL ? 0 : failed(r, name, -errno, reterr); /* vanished, or another thing now */
        target[n] = 0;
        return send_entry(r, head_of(r, PARCEL_SYMLINK, st), name, target, reterr);
}

/* ---- directories ---- */

static int send_at(Reader *r, int dir, const char *name, bool is_top, unsigned depth, Error **reterr);

static int send_entries(Reader *r, int fd, unsigned depth, Error **reterr) {
        _cleanup_closedir_ DIR *d = fd_opendir(fd, ".");
        struct dirent *e;

        if (!d)
                return failed(r, "", -errno, reterr);
        while ((errno = 0, e = readdir(d))) {
                int k;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                k = send_at(r, fd, e->d_name, false, depth, reterr);
                if (k < 0)
                        return k;
        }
        return errno != 0 ? failed(r, "", -errno, reterr) : 0;
}

static int send_directory(Reader *r, int fd, const struct statx *st, const char *name, bool is_top, unsigned depth, Error **reterr) {
        uint64_t mount = r->mount;
        size_t length = 0;
        bool in_kernels = r->in_kernels, skip = false;
        int k;

        if (depth == 0)
                return failed(r, name, -ELOOP, reterr);
        k = parcel_xattrs_send(&r->xattrs, r->pipe, fd, reterr);
        if (k >= 0)
                k = send_entry(r, head_of(r, PARCEL_DIRECTORY, st), name, NULL, reterr);
        if (k < 0)
                return k;
        k = is_top ? 0 : copy_path_enter(&r->path, name, &length);
        if (k < 0)
                return error_oom(reterr);
        if (is_top || st->stx_mnt_id != mount) {
                r->in_kernels = is_kernels(fd);
                skip = !is_top && r->in_kernels;
        }
        r->pipe->tally->mounts += skip;
        r->mount = st->stx_mnt_id;
        k = skip ? 0 : send_entries(r, fd, depth - 1, reterr);
        r->mount = mount;
        r->in_kernels = in_kernels;
        if (!is_top && k >= 0)
                copy_path_leave(&r->path, length);
        return k < 0 ? k : send_entry(r, (ParcelHead){ .kind = PARCEL_LEAVE }, NULL, NULL, reterr);
}

/* ---- an entry ---- */

static int look(int dir, const char *name, struct statx *ret) {
        return statx(dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
                     ret) < 0 ? -errno : 0;
}

/* To be read, if it still is of that type: -EAGAIN if not. */
static int open_entry(int dir, const char *name, struct statx *st) {
        int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (S_ISDIR(st->stx_mode) ? O_DIRECTORY : 0);
        _cleanup_close_ int fd = openat(dir, name, flags | O_NOATIME);
        unsigned type = st->stx_mode & S_IFMT;
        int r;

        if (fd < 0 && errno == EPERM) /* its owner is nobody whom we may speak for */
                fd = openat(dir, name, flags);
        if (fd < 0)
                return errno == ELOOP || errno == ENOTDIR || errno == ENXIO ? -EAGAIN : -errno;
        r = look(fd, "", st);
        if (r < 0)
                return r;
        return (st->stx_mode & S_IFMT) == type ? TAKE_FD(fd) : -EAGAIN;
}

static int send_opened(Reader *r, int dir, const char *name, struct statx *st, bool is_top, unsigned depth, Error **reterr) {
        _cleanup_close_ int fd = open_entry(dir, name, st);

        if (fd == -EAGAIN || (fd == -ENOENT && !is_top))
                return fd;
        if (fd < 0 && r->in_kernels) {
                r->pipe->tally->unreadable++;
                return 0;
        }
        if (fd < 0)
                return failed(r, name, fd, reterr);
        if (S_ISDIR(st->stx_mode))
                return send_directory(r, fd, st, name, is_top, depth, reterr);
        return send_file(r, fd, st, name, is_top, reterr);
}

static int send_seen(Reader *r, int dir, const char *name, struct statx *st, bool is_top, unsigned depth, Error **reterr) {
        switch (st->stx_mode & S_IFMT) {
        case S_IFREG:
        case S_IFDIR:
                return send_opened(r, dir, name, st, is_top, depth, reterr);
        case S_IFLNK:
                return send_link(r, dir, name, st, reterr);
        case S_IFIFO:
                return send_entry(r, head_of(r, PARCEL_FIFO, st), name, NULL, reterr);
        case S_IFSOCK:
                return send_entry(r, head_of(r, PARCEL_SOCKET, st), name, NULL, reterr);
        default:
                r->pipe->tally->devices++;
                return 0;
        }
}

static int send_at(Reader *r, int dir, const char *name, bool is_top, unsigned depth, Error **reterr) {
        for (unsigned tries = 0;; tries++) {
                _cleanup_(error_freep) Error *error = NULL;
                struct statx st;
                int k = look(dir, name, &st);

                if (k == -ENOENT && !is_top)
                        return 0;
                if (k < 0)
                        return failed(r, is_top ? "" : name, k, reterr);
                if (is_top && (S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode)))
                        return error_set(reterr, EINVAL, "Cannot copy %s: it is a device", r->q->path);
                k = send_seen(r, dir, name, &st, is_top, depth, &error);
                if (k == -ENOENT && !error)
                        return 0;
                if (k != -EAGAIN || error)
                        return k < 0 ? error_pass(reterr, k, &error) : 0;
                if (tries == SWAPS_MAX)
                        return error_set(reterr, EBUSY, "Cannot copy %s: '%.80s' in it is exchanged all the time", r->q->path, name);
        }
}

/* ---- the whole ---- */

static int send_top(Reader *r, Error **reterr) {
        ParcelSplit split;
        _cleanup_close_ int dir = -1;
        int k = parcel_split(r->q->path, &split);

        if (k < 0)
                return failed(r, "", k, reterr);
        dir = parcel_open_directory(*split.name ? split.directory : r->q->path, r->q->is_guest);
        k = dir < 0 ? failed(r, "", dir, reterr) : 0;
        if (k >= 0)
                k = send_at(r, dir, split.name, true, PARCEL_DEPTH_MAX, reterr);
        parcel_split_done(&split);
        return k;
}

int parcel_read(ParcelPipe *p, const ParcelRead *q, Error **reterr) {
        _cleanup_(reader_done) Reader r = { .pipe = p, .q = q };
        int k = parcel_send(p, &(Parcel){ .head = { .kind = PARCEL_TOP, .flags = q->flags }, .name = q->target, .fd = -1 }, reterr);

        if (k >= 0)
                k = send_top(&r, reterr);
        return k < 0 ? k : send_entry(&r, (ParcelHead){ .kind = PARCEL_TOP_END }, NULL, NULL, reterr);
}
