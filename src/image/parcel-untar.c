/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive.h"
#include "parcel-attributes.h"
#include "parcel-tar.h"

/* An archive has paths, in any order; a parcel stream has directories that are entered and left. So we are where the last entry was, and go
 * from there. */

typedef struct Untar {
        ParcelPipe *pipe;
        const ParcelUntar *q;
        Archive *archive;
        char *at[PARCEL_DEPTH_MAX]; /* components of the directory that we are in, beneath the top */
        size_t n_at;
        char *path;                 /* of the entry: its components, each ended by NUL */
        const char *components[PARCEL_DEPTH_MAX + 1];
        size_t n;
        CopyWatch watch;
} Untar;

static void untar_done(Untar *u) {
        archive_free(u->archive);
        free(u->path);
        while (u->n_at > 0)
                free(u->at[--u->n_at]);
}

static bool is_cancelled(void *userdata) {
        const Untar *u = userdata;

        return u->pipe->tally->is_cancelled;
}

/* ---- paths ---- */

/* "/" and "." mean nothing. */
static int split_path(const Untar *u, char *path, const char **components, size_t *ret_n, Error **reterr) {
        char *state = NULL;
        size_t n = 0;

        for (char *c = strtok_r(path, "/", &state); c; c = strtok_r(NULL, "/", &state)) {
                if (strcmp(c, ".") == 0)
                        continue;
                if (n >= PARCEL_DEPTH_MAX || !parcel_name_is_valid(c))
                        return error_set(reterr, EBADMSG, "An entry of %s has a path that is refused: it has '..', or is too long or deep",
                                         u->q->name);
                components[n++] = c;
        }
        *ret_n = n;
        return 0;
}

static int take_path(Untar *u, const char *path, Error **reterr) {
        free(u->path);
        u->path = strdup(path);
        return u->path ? split_path(u, u->path, u->components, &u->n, reterr) : error_oom(reterr);
}

/* ---- where we are ---- */

static int send_kind(Untar *u, ParcelKind kind, Error **reterr) {
        return parcel_send(u->pipe, &(Parcel){ .head = { .kind = kind }, .fd = -1 }, reterr);
}

static int leave_to(Untar *u, size_t n, Error **reterr) {
        int r = 0;

        while (u->n_at > n && r >= 0) {
                free(u->at[--u->n_at]);
                r = send_kind(u, PARCEL_LEAVE, reterr);
        }
        return r;
}

static int enter(Untar *u, const ParcelHead *head, const char *name, Error **reterr) {
        u->at[u->n_at] = strdup(name);
        if (!u->at[u->n_at])
                return error_oom(reterr);
        u->n_at++;
        return parcel_send(u->pipe, &(Parcel){ .head = *head, .name = name, .fd = -1 }, reterr);
}

static ParcelHead implied_head(void) {
        return (ParcelHead){ .kind = PARCEL_DIRECTORY, .flags = PARCEL_IMPLIED, .mode = 0755, .atime_sec = time(NULL),
                             .mtime_sec = time(NULL) };
}

/* In the directory of the entry's first n components. */
static int go_to(Untar *u, size_t n, Error **reterr) {
        ParcelHead head = implied_head();
        size_t common = 0;
        int r;

        while (common < n && common < u->n_at && strcmp(u->at[common], u->components[common]) == 0)
                common++;
        r = leave_to(u, common, reterr);
        while (r >= 0 && u->n_at < n)
                r = enter(u, &head, u->components[u->n_at], reterr);
        return r;
}

/* ---- entries ---- */

static uint32_t id_inside(const Untar *u, uint32_t id) {
        if (id != UINT32_MAX && (u->q->range == 0 || id < u->q->range))
                return id;
        u->pipe->tally->strangers++;
        return 0;
}

static ParcelHead head_of(const Untar *u, const ArchiveEntry *e, ParcelKind kind) {
        return (ParcelHead){ .kind = kind, .mode = e->mode & 07777, .uid = id_inside(u, e->uid), .gid = id_inside(u, e->gid),
                             .size = e->size,
                             .atime_sec = e->mtime.tv_sec, .atime_nsec = (uint32_t) e->mtime.tv_nsec,
                             .mtime_sec = e->mtime.tv_sec, .mtime_nsec = (uint32_t) e->mtime.tv_nsec };
}

static int send_xattrs(Untar *u, const ArchiveEntry *e, Error **reterr) {
        int r = 0;

        for (size_t i = 0; i < e->n_xattrs && r >= 0; i++)
                if (parcel_xattr_goes_along(e->xattrs[i].name))
                        r = parcel_send(u->pipe, &(Parcel){ .head = { .kind = PARCEL_XATTR, .bytes_size = (uint32_t) e->xattrs[i].size },
                                                            .name = e->xattrs[i].name, .bytes = e->xattrs[i].value, .fd = -1 },
                                        reterr);
        return r;
}

static int send_piece(Untar *u, const uint8_t *data, size_t size, uint64_t offset, Error **reterr) {
        int r = 0;

        for (size_t done = 0; done < size && r >= 0; done += PARCEL_BYTES_MAX) {
                uint32_t part = size - done < PARCEL_BYTES_MAX ? (uint32_t) (size - done) : PARCEL_BYTES_MAX;

                r = parcel_send(u->pipe, &(Parcel){ .head = { .kind = PARCEL_DATA, .size = offset + done, .bytes_size = part },
                                                    .bytes = data + done, .fd = -1 },
                                reterr);
        }
        return r;
}

static int send_file(Untar *u, const ArchiveEntry *e, const char *name, Error **reterr) {
        ParcelHead head = head_of(u, e, PARCEL_FILE);
        const void *data;
        uint64_t offset;
        size_t size;
        int r = parcel_send(u->pipe, &(Parcel){ .head = head, .name = name, .fd = -1 }, reterr);

        while (r >= 0 && (r = archive_data(u->archive, &data, &size, &offset, reterr)) > 0)
                r = send_piece(u, data, size, offset, reterr);
        return r < 0 ? r : send_kind(u, PARCEL_FILE_END, reterr);
}

static int send_text(Untar *u, ParcelHead head, const char *name, const char *text, Error **reterr) {
        head.bytes_size = (uint32_t) strlen(text) + 1;
        return parcel_send(u->pipe, &(Parcel){ .head = head, .name = name, .bytes = text, .fd = -1 }, reterr);
}

static int send_hard_link(Untar *u, const ArchiveEntry *e, const char *name, Error **reterr) {
        _cleanup_free_ char *copy = strdup(e->target ?: ""), *path = calloc(1, strlen(e->target ?: "") + 2);
        const char *components[PARCEL_DEPTH_MAX + 1];
        size_t n;
        int r;

        if (!copy || !path)
                return error_oom(reterr);
        r = split_path(u, copy, components, &n, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                strcat(path, components[i]);
                if (i + 1 < n)
                        strcat(path, "/");
        }
        return send_text(u, (ParcelHead){ .kind = PARCEL_HARD_LINK }, name, path, reterr);
}

static int send_named(Untar *u, const ArchiveEntry *e, Error **reterr) {
        const char *name = u->components[u->n - 1];
        ParcelHead head;
        int r = go_to(u, u->n - 1, reterr);

        if (r < 0)
                return r;
        if (e->kind == ENTRY_HARD_LINK)
                return send_hard_link(u, e, name, reterr);
        r = e->kind == ENTRY_FILE || e->kind == ENTRY_DIRECTORY ? send_xattrs(u, e, reterr) : 0;
        if (r < 0)
                return r;
        switch (e->kind) {
        case ENTRY_FILE:
                return send_file(u, e, name, reterr);
        case ENTRY_DIRECTORY:
                head = head_of(u, e, PARCEL_DIRECTORY);
                head.size = 0;
                return enter(u, &head, name, reterr);
        case ENTRY_SYMLINK:
                return send_text(u, head_of(u, e, PARCEL_SYMLINK), name, e->target ?: "", reterr);
        default:
                return parcel_send(u->pipe, &(Parcel){ .head = head_of(u, e, e->kind == ENTRY_FIFO ? PARCEL_FIFO : PARCEL_SOCKET),
                                                       .name = name, .fd = -1 },
                                   reterr);
        }
}

static int send_entry(Untar *u, const ArchiveEntry *e, Error **reterr) {
        int r = take_path(u, e->path, reterr);

        if (r < 0)
                return r;
        if (e->kind == ENTRY_CHAR || e->kind == ENTRY_BLOCK) {
                u->pipe->tally->devices++;
                return 0;
        }
        if (u->n > 0)
                return send_named(u, e, reterr);
        if (e->kind == ENTRY_DIRECTORY)
                return 0; /* "./": what gets it is there, or is made as it was entered */
        return error_set(reterr, EBADMSG, "An entry of %s has no name", u->q->name);
}

/* ---- the whole ---- */

/* The attributes of the top, if it comes first; in any case it is entered. */
static int send_top(Untar *u, const ArchiveEntry *first, Error **reterr) {
        ParcelHead head = implied_head();
        int r = parcel_send(u->pipe, &(Parcel){ .head = { .kind = PARCEL_TOP }, .name = u->q->target, .fd = -1 }, reterr);

        if (r < 0)
                return r;
        if (first && first->kind == ENTRY_DIRECTORY) {
                r = take_path(u, first->path, reterr);
                if (r >= 0 && u->n == 0) {
                        head = head_of(u, first, PARCEL_DIRECTORY);
                        head.size = 0;
                        r = send_xattrs(u, first, reterr);
                }
        }
        return r < 0 ? r : parcel_send(u->pipe, &(Parcel){ .head = head, .fd = -1 }, reterr);
}

int parcel_untar(ParcelPipe *p, const ParcelUntar *q, Error **reterr) {
        _cleanup_(untar_done) Untar u = { .pipe = p, .q = q };
        const ArchiveEntry *e;
        ArchiveFormat format;
        int r = archive_open(q->fd, q->name, &u.archive, &format, reterr);

        if (r < 0)
                return r;
        if (format != ARCHIVE_TAR)
                return error_set(reterr, EINVAL, "What comes from %s is no tar", q->name);
        u.watch = (CopyWatch){ .is_cancelled = is_cancelled, .userdata = &u };
        archive_watch(u.archive, &u.watch);
        r = archive_next(u.archive, &e, reterr);
        if (r >= 0) {
                int more = r;

                r = send_top(&u, more > 0 ? e : NULL, reterr);
                while (r >= 0 && more > 0) {
                        r = send_entry(&u, e, reterr);
                        if (r >= 0)
                                r = more = archive_next(u.archive, &e, reterr);
                }
        }
        if (r >= 0)
                r = leave_to(&u, 0, reterr);
        if (r >= 0)
                r = send_kind(&u, PARCEL_LEAVE, reterr);
        return r < 0 ? r : send_kind(&u, PARCEL_TOP_END, reterr);
}
