/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parcel-tar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "copy-path.h"
#include "pack-attributes.h"
#include "pack-contents.h"
#include "parcel-attributes.h"

typedef struct Tar {
        ParcelPipe *pipe;
        PackOut *out;
        TarBytes records, header;
        CopyPath path;           /* of the directory that we are in */
        size_t before[PARCEL_DEPTH_MAX + 1]; /* what to give to copy_path_leave() */
        size_t depth;
        ParcelPending pending;
        uint64_t left;           /* bytes of a file that are yet to come as DATA, */
        uint64_t at;             /* and where the next one is */
        bool takes_data, is_in_top;
        bool has_top_name;       /* not "/" */
        CopyWatch watch;
} Tar;

static void tar_done(Tar *t) {
        pack_out_free(t->out);
        tar_bytes_done(&t->records);
        tar_bytes_done(&t->header);
        copy_path_done(&t->path);
        parcel_pending_done(&t->pending);
}

static bool is_cancelled(void *userdata) {
        const Tar *t = userdata;

        return t->pipe->tally->is_cancelled;
}

static int out_of_order(Error **reterr) {
        return error_set(reterr, EBADMSG, "What is to be copied comes in no order that makes sense");
}

static int failed(int r, const char *name, Error **reterr) {
        if (r == -ECANCELED)
                return error_set(reterr, r, "The copying was interrupted");
        return error_errno(reterr, r, "Cannot write '%s' into the archive", name);
}

/* ---- headers ---- */

static void add_record(const char *name, const void *value, size_t size, void *userdata) {
        Tar *t = userdata;

        if (attribute_pack(name, value, size, &t->records) < 0)
                t->pipe->tally->attributes++;
}

static TarMember member_of(Tar *t, const Parcel *p, TarType type, const char *path) {
        const ParcelHead *h = &p->head;

        t->records.n = 0;
        parcel_pending_each(&t->pending, add_record, t);
        t->pending.n = 0;
        return (TarMember){ .type = type, .path = path, .mode = h->mode, .uid = h->uid, .gid = h->gid,
                            .mtime = { .tv_sec = h->mtime_sec, .tv_nsec = h->mtime_nsec } };
}

static int write_header(Tar *t, const TarMember *m, Error **reterr) {
        int r;

        t->header.n = 0;
        r = tar_header(&t->header, m, &t->records);
        if (r < 0)
                return failed(r, m->path, reterr);
        t->pipe->tally->done.files++;
        return pack_out_write(t->out, t->header.data, t->header.n, reterr);
}

/* ---- entries ---- */

static int on_read(uint64_t bytes, void *userdata) {
        Tar *t = userdata;

        t->pipe->tally->done.bytes += bytes;
        return is_cancelled(t) ? -ECANCELED : 0;
}

/* By its fd. */
static int write_contents(Tar *t, const Parcel *p, TarMember *m, Error **reterr) {
        _cleanup_(contents_done) Contents c = { .fd = p->fd, .size = p->head.size };
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *path = NULL;
        struct stat st;
        int r = fstat(p->fd, &st) < 0 ? -errno : contents_look(&c, (uint64_t) st.st_blocks * 512);

        if (r >= 0)
                r = contents_describe(&c, m, &t->records, &path);
        if (r >= 0)
                r = write_header(t, m, &error);
        if (r >= 0)
                r = contents_write(&c, t->out, on_read, t, &error);
        t->pipe->tally->changed += c.changed;
        return r >= 0 ? 0 : error ? error_pass(reterr, r, &error) : failed(r, p->name, reterr);
}

static int write_file(Tar *t, const Parcel *p, const char *path, Error **reterr) {
        TarMember m = member_of(t, p, TAR_FILE, path);

        if (p->fd >= 0)
                return write_contents(t, p, &m, reterr);
        m.size = t->left = p->head.size;
        t->at = 0;
        t->takes_data = true;
        return write_header(t, &m, reterr);
}

static int write_data(Tar *t, const Parcel *p, Error **reterr) {
        uint32_t n = p->head.bytes_size;

        if (!t->takes_data || p->head.size != t->at || n > t->left)
                return out_of_order(reterr);
        t->at += n;
        t->left -= n;
        t->pipe->tally->done.bytes += n;
        return pack_out_write(t->out, p->bytes, n, reterr);
}

static int end_file(Tar *t, Error **reterr) {
        uint64_t size = t->at + t->left;

        if (!t->takes_data)
                return out_of_order(reterr);
        t->takes_data = false;
        return pack_out_zeros(t->out, t->left + (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK, reterr);
}

static int enter(Tar *t, const Parcel *p, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        TarMember m;

        if (t->depth >= PARCEL_DEPTH_MAX || (!parcel_name_is_valid(p->name) && (t->depth > 0 || *p->name)))
                return out_of_order(reterr);
        if (asprintf(&path, "%s%s/", copy_path_text(&t->path), *p->name ? p->name : ".") < 0) {
                path = NULL;
                return error_oom(reterr);
        }
        t->before[t->depth] = t->path.length;
        if (*p->name && copy_path_enter(&t->path, p->name, &t->before[t->depth]) < 0)
                return error_oom(reterr);
        t->depth++;
        m = member_of(t, p, TAR_DIRECTORY, path);
        return write_header(t, &m, reterr);
}

static int leave(Tar *t, Error **reterr) {
        if (t->depth == 0)
                return out_of_order(reterr);
        t->depth--;
        if (t->path.text)
                copy_path_leave(&t->path, t->before[t->depth]);
        return 0;
}

/* Its paths are seen from the top's entry, whose name is the first component of where we are. */
static int write_hard_link(Tar *t, const Parcel *p, const char *path, Error **reterr) {
        TarMember m = member_of(t, &(Parcel){ .head = { .mode = 0644 } }, TAR_HARD_LINK, path);
        const char *at = copy_path_text(&t->path), *slash = strchr(at, '/');
        _cleanup_free_ char *target = NULL;
        int top = t->has_top_name && slash ? (int) (slash - at) + 1 : 0;

        if (asprintf(&target, "%.*s%s", top, at, (const char *) p->bytes) < 0) {
                target = NULL;
                return error_oom(reterr);
        }
        m.target = target;
        return write_header(t, &m, reterr);
}

static int write_plain(Tar *t, const Parcel *p, TarType type, const char *path, Error **reterr) {
        TarMember m = member_of(t, p, type, path);

        if (type == TAR_SYMLINK) {
                m.target = p->bytes;
                m.mode = 0777;
        }
        return write_header(t, &m, reterr);
}

static int write_entry(Tar *t, const Parcel *p, Error **reterr) {
        _cleanup_free_ char *path = NULL;

        if (!parcel_name_is_valid(p->name))
                return out_of_order(reterr);
        path = copy_path_with(&t->path, p->name);
        if (!path)
                return error_oom(reterr);
        switch (p->head.kind) {
        case PARCEL_FILE:
                return write_file(t, p, path, reterr);
        case PARCEL_SYMLINK:
                return write_plain(t, p, TAR_SYMLINK, path, reterr);
        case PARCEL_FIFO:
                return write_plain(t, p, TAR_FIFO, path, reterr);
        case PARCEL_HARD_LINK:
                return write_hard_link(t, p, path, reterr);
        default:
                t->pipe->tally->sockets++;
                return 0;
        }
}

/* ---- the stream ---- */

static int write_one(Tar *t, const Parcel *p, Error **reterr) {
        if (t->takes_data && p->head.kind != PARCEL_DATA && p->head.kind != PARCEL_FILE_END)
                return out_of_order(reterr);
        switch (p->head.kind) {
        case PARCEL_TOP:
        case PARCEL_TOP_END:
                t->is_in_top = p->head.kind == PARCEL_TOP;
                return t->depth > 0 ? out_of_order(reterr) : 0;
        case PARCEL_XATTR:
                return parcel_pending_add(&t->pending, p, reterr);
        case PARCEL_DIRECTORY:
                t->has_top_name = t->depth > 0 ? t->has_top_name : *p->name;
                return t->is_in_top ? enter(t, p, reterr) : out_of_order(reterr);
        case PARCEL_LEAVE:
                return leave(t, reterr);
        case PARCEL_DATA:
                return write_data(t, p, reterr);
        case PARCEL_FILE_END:
                return end_file(t, reterr);
        case PARCEL_FILE:
        case PARCEL_SYMLINK:
        case PARCEL_FIFO:
        case PARCEL_SOCKET:
        case PARCEL_HARD_LINK:
                return t->is_in_top ? write_entry(t, p, reterr) : out_of_order(reterr);
        default:
                return out_of_order(reterr);
        }
}

/* Two empty blocks, and filled up to tar's own unit. */
static int write_end(Tar *t, Error **reterr) {
        uint64_t unit = UINT64_C(20) * TAR_BLOCK, end = pack_out_position(t->out) + UINT64_C(2) * TAR_BLOCK;
        int r = pack_out_zeros(t->out, UINT64_C(2) * TAR_BLOCK + (unit - end % unit) % unit, reterr);

        return r < 0 ? r : pack_out_flush(t->out, reterr);
}

int parcel_tar(ParcelPipe *p, int fd, const char *name, Error **reterr) {
        _cleanup_(tar_done) Tar t = { .pipe = p };
        Parcel parcel;
        int r;

        t.watch = (CopyWatch){ .is_cancelled = is_cancelled, .userdata = &t };
        r = pack_out_open(&(PackWish){ .fd = fd, .name = name, .compression = COMPRESS_NONE, .watch = &t.watch }, &t.out, reterr);
        for (;;) {
                if (r >= 0)
                        r = parcel_receive(p, &parcel, reterr);
                if (r >= 0 && parcel.head.kind == PARCEL_END)
                        break;
                if (r >= 0)
                        r = write_one(&t, &parcel, reterr);
                if (r < 0)
                        return r;
        }
        if (t.is_in_top || t.depth > 0)
                return out_of_order(reterr);
        r = write_end(&t, reterr);
        return r < 0 ? r : parcel_send(p, &(Parcel){ .head = { .kind = PARCEL_DONE }, .fd = -1 }, reterr);
}
