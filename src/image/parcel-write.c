/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parcel-write.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "copy-data.h"
#include "parcel-attributes.h"
#include "parcel-place.h"

/* A directory that is being filled. */
typedef struct Level {
        int fd;
        ParcelHead head;
        ParcelPending xattrs;
        bool is_ours;         /* made by us, or in one that is: nobody else's files are in it */
        bool sets_attributes;
} Level;

typedef struct Writer {
        ParcelPipe *pipe;
        const ParcelWrite *q;
        char *target;            /* of TOP; NULL: between two */
        unsigned flags;
        int parent;              /* that the top's entry is in, where it is new */
        ParcelPlace top;
        bool is_unpublished;     /* the top, a directory */
        Level *levels;
        size_t n_levels;
        ParcelPending pending;   /* attributes of the next entry */
        DataCopier data;
        ParcelHead file_head;    /* of a file whose DATAs come: */
        ParcelPlace file_place;
        int file;
        bool takes_data, is_skipped;
} Writer;

static void level_done(Level *l) {
        l->fd = close_fd(l->fd);
        parcel_pending_done(&l->xattrs);
}

/* After a success there is nothing of this. */
static void discard(Writer *w) {
        if (w->file >= 0)
                parcel_place_discard(&w->file_place);
        w->file = close_fd(w->file);
        while (w->n_levels > 0)
                level_done(&w->levels[--w->n_levels]);
        if (w->is_unpublished)
                parcel_place_discard(&w->top);
        w->is_unpublished = false;
        w->parent = close_fd(w->parent);
        free(w->target);
        w->target = NULL;
}

static void writer_done(Writer *w) {
        discard(w);
        free(w->levels);
        parcel_pending_done(&w->pending);
        data_copier_done(&w->data);
}

/* ---- what is said ---- */

static int out_of_order(Error **reterr) {
        return error_set(reterr, EBADMSG, "What is to be copied comes in no order that makes sense");
}

static int failed(const Writer *w, const char *name, int r, Error **reterr) {
        const char *at = w->target ?: "";

        if (r == -ECANCELED)
                return error_set(reterr, r, "The copying was interrupted");
        if (r == -ENOSPC || r == -EDQUOT)
                return error_set(reterr, r, "There is no room left for the copy at %s", at);
        if (r == -EISDIR || r == -ENOTEMPTY)
                return error_set(reterr, r, "Cannot write '%s' at %s: a directory of that name is there", name, at);
        if (r == -ENOENT && w->n_levels == 0)
                return error_set(reterr, r, "Cannot write %s: the directory that it is to be in does not exist", at);
        return error_errno(reterr, r, w->n_levels > 0 ? "Cannot write '%s' at %s" : "Cannot write %.0s%s", name, at);
}

static int is_there(const Writer *w, Error **reterr) {
        error_set(reterr, EEXIST, "%s is there already", w->target);
        return error_hint(reterr, -EEXIST, "Choose another name; --force replaces a file that is there.");
}

/* ---- attributes ---- */

typedef struct Setting {
        Writer *w;
        int fd;
        bool drops, has_lost;
} Setting;

static void set_xattr(const char *name, const void *value, size_t size, void *userdata) {
        Setting *s = userdata;

        if (s->drops && parcel_xattr_is_privilege(name))
                s->has_lost = true;
        else if (fsetxattr(s->fd, name, value, size, 0) < 0)
                s->w->pipe->tally->attributes++;
}

static void times_of(const ParcelHead *h, struct timespec ret[2]) {
        ret[0] = (struct timespec){ .tv_sec = h->atime_sec, .tv_nsec = h->atime_nsec };
        ret[1] = (struct timespec){ .tv_sec = h->mtime_sec, .tv_nsec = h->mtime_nsec };
}

/* Whom it cannot be given to, it is not run as either. */
static bool owner_is_refused(int error) {
        return error == EPERM || error == EINVAL || error == EOVERFLOW || error == EOPNOTSUPP || error == EACCES;
}

/* The owner first, whose change takes rights away; an ACL changes the mode; the times last. */
static int set_attributes(Writer *w, int fd, const ParcelHead *h, const ParcelPending *xattrs, bool is_directory) {
        Setting s = { .w = w, .fd = fd, .drops = w->q->drop_privileges && !is_directory };
        struct timespec times[2];
        mode_t mode = h->mode;

        if (fchown(fd, h->uid, h->gid) < 0) {
                if (!owner_is_refused(errno))
                        return -errno;
                w->pipe->tally->owners++;
                mode &= 01777;
        }
        parcel_pending_each(xattrs, set_xattr, &s);
        if (s.drops && (mode & (S_ISUID | S_ISGID))) {
                s.has_lost = true;
                mode &= ~(mode_t) (S_ISUID | S_ISGID);
        }
        w->pipe->tally->privileges += s.has_lost;
        if (fchmod(fd, mode) < 0)
                return -errno;
        times_of(h, times);
        if (futimens(fd, times) < 0)
                w->pipe->tally->attributes++;
        return 0;
}

/* Of what cannot be opened: a link, a fifo, a socket. Its mode it has from its making. */
static int set_attributes_at(Writer *w, const ParcelPlace *place, const ParcelHead *h) {
        struct timespec times[2];

        if (fchownat(place->dir, place->made, h->uid, h->gid, AT_SYMLINK_NOFOLLOW) < 0) {
                if (!owner_is_refused(errno))
                        return -errno;
                w->pipe->tally->owners++;
        }
        times_of(h, times);
        if (utimensat(place->dir, place->made, times, AT_SYMLINK_NOFOLLOW) < 0)
                w->pipe->tally->attributes++;
        return 0;
}

/* ---- where it goes ---- */

static bool is_directory_at(int dir, const char *name) {
        struct stat st;

        return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode);
}

static bool exists(int dir, const char *name) {
        struct stat st;

        return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) >= 0;
}

/* The directory that the top's entry is made in, and its name there. A target that is a directory gets what is none into it. */
static int open_parent(Writer *w, const char *name, bool is_directory, char **ret_name) {
        ParcelSplit split;
        int r = parcel_split(w->target, &split);
        bool inside = w->flags & PARCEL_INSIDE;

        if (r < 0)
                return r;
        inside = inside || (!is_directory && split.is_directory) || (!is_directory && !*split.name);
        w->parent = parcel_open_directory(inside ? w->target : split.directory, w->q->is_guest);
        if (w->parent >= 0 && !inside && !is_directory && is_directory_at(w->parent, split.name)) {
                close_fd(w->parent);
                w->parent = parcel_open_directory(w->target, w->q->is_guest);
                inside = true;
        }
        *ret_name = strdup(inside ? name : split.name);
        parcel_split_done(&split);
        if (w->parent < 0)
                return w->parent;
        if (!*ret_name)
                return -ENOMEM;
        return parcel_name_is_valid(*ret_name) ? 0 : -EINVAL;
}

static int place_top(Writer *w, const char *name, ParcelPlace *ret, Error **reterr) {
        _cleanup_free_ char *final = NULL;
        int r = open_parent(w, name, false, &final);

        if (r < 0)
                return failed(w, name, r, reterr);
        if (is_directory_at(w->parent, final))
                return failed(w, final, -EISDIR, reterr);
        if (!w->q->force && exists(w->parent, final))
                return is_there(w, reterr);
        r = parcel_place_init(ret, w->parent, final, true, w->q->force);
        return r < 0 ? failed(w, name, r, reterr) : 0;
}

/* 1: what is there stays. */
static int place(Writer *w, const char *name, ParcelPlace *ret, Error **reterr) {
        const Level *l;
        int r;

        if (!w->target || !parcel_name_is_valid(name))
                return out_of_order(reterr);
        if (w->n_levels == 0)
                return w->parent >= 0 ? out_of_order(reterr) : place_top(w, name, ret, reterr);
        l = &w->levels[w->n_levels - 1];
        if (!l->is_ours && !w->q->force && exists(l->fd, name)) {
                w->pipe->tally->kept++;
                return 1;
        }
        r = parcel_place_init(ret, l->fd, name, !l->is_ours || w->q->is_archive, l->is_ours ? w->q->is_archive : w->q->force);
        return r < 0 ? failed(w, name, r, reterr) : 0;
}

/* It is whole, or has failed. */
static int settle(Writer *w, const ParcelPlace *place, int r, Error **reterr) {
        if (r >= 0)
                r = parcel_place_publish(place);
        w->pipe->tally->done.files += r >= 0;
        w->pending.n = 0;
        if (r >= 0)
                return 0;
        parcel_place_discard(place);
        return r == -EEXIST && w->n_levels == 0 ? is_there(w, reterr) : failed(w, place->name, r, reterr);
}

/* ---- files ---- */

static int on_chunk(uint64_t bytes, void *userdata) {
        Writer *w = userdata;

        w->pipe->tally->done.bytes += bytes;
        return w->pipe->tally->is_cancelled ? -ECANCELED : 0;
}

static int create(const ParcelPlace *place) {
        int fd = openat(place->dir, place->made, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : fd;
}

static int fill(Writer *w, int fd, const Parcel *parcel) {
        uint64_t before = w->pipe->tally->done.bytes;
        int r = copy_data(&w->data, parcel->fd, fd, parcel->head.size, parcel->head.flags & PARCEL_SPARSE);

        if (r < 0)
                return r;
        if (!(parcel->head.flags & PARCEL_SPARSE) && w->pipe->tally->done.bytes - before < parcel->head.size)
                w->pipe->tally->changed++;
        return set_attributes(w, fd, &parcel->head, &w->pending, false);
}

static int write_file(Writer *w, const Parcel *parcel, Error **reterr) {
        _cleanup_close_ int fd = -1;
        ParcelPlace at;
        int r = place(w, parcel->name, &at, reterr);

        if (r > 0) {
                w->pending.n = 0;
                w->is_skipped = w->takes_data = parcel->fd < 0;
                return 0;
        }
        if (r < 0)
                return r;
        fd = create(&at);
        if (fd < 0)
                return failed(w, parcel->name, fd, reterr);
        if (parcel->fd >= 0)
                return settle(w, &at, fill(w, fd, parcel), reterr);
        w->file = TAKE_FD(fd);
        w->file_head = parcel->head;
        w->file_place = at;
        w->takes_data = true;
        return 0;
}

static int write_data(Writer *w, const Parcel *parcel, Error **reterr) {
        const uint8_t *bytes = parcel->bytes;
        size_t done = 0;

        if (!w->takes_data)
                return out_of_order(reterr);
        if (w->is_skipped)
                return 0;
        while (done < parcel->head.bytes_size) {
                ssize_t n = pwrite(w->file, bytes + done, parcel->head.bytes_size - done, (off_t) (parcel->head.size + done));

                if (n < 0 && errno != EINTR)
                        return failed(w, w->file_place.name, -errno, reterr);
                done += n > 0 ? (size_t) n : 0;
        }
        w->pipe->tally->done.bytes += done;
        return 0;
}

static int end_file(Writer *w, Error **reterr) {
        _cleanup_close_ int fd = TAKE_FD(w->file);
        int r;

        if (!w->takes_data)
                return out_of_order(reterr);
        w->takes_data = false;
        if (w->is_skipped) {
                w->is_skipped = false;
                return 0;
        }
        r = ftruncate(fd, (off_t) w->file_head.size) < 0 ? -errno : 0; /* a hole at its end */
        if (r >= 0)
                r = set_attributes(w, fd, &w->file_head, &w->pending, false);
        return settle(w, &w->file_place, r, reterr);
}

/* ---- what is no file ---- */

static int make_link(const Parcel *parcel, const ParcelPlace *at) {
        return symlinkat(parcel->bytes, at->dir, at->made) < 0 ? -errno : 0;
}

static int make_node(const Parcel *parcel, const ParcelPlace *at) {
        mode_t type = parcel->head.kind == PARCEL_FIFO ? S_IFIFO : S_IFSOCK;

        return mknodat(at->dir, at->made, type | (parcel->head.mode & 0777), 0) < 0 ? -errno : 0;
}

static int write_special(Writer *w, const Parcel *parcel, Error **reterr) {
        ParcelPlace at;
        int r = place(w, parcel->name, &at, reterr);

        w->pending.n = 0;
        if (r != 0)
                return r < 0 ? r : 0;
        r = parcel->head.kind == PARCEL_SYMLINK ? make_link(parcel, &at) : make_node(parcel, &at);
        if (r < 0)
                return failed(w, parcel->name, r, reterr);
        return settle(w, &at, set_attributes_at(w, &at, &parcel->head), reterr);
}

static int write_hard_link(Writer *w, const Parcel *parcel, Error **reterr) {
        ParcelPlace at;
        int r;

        if (w->n_levels == 0)
                return out_of_order(reterr);
        r = place(w, parcel->name, &at, reterr);
        w->pending.n = 0;
        if (r != 0)
                return r < 0 ? r : 0;
        r = parcel_link(w->levels[0].fd, parcel->bytes, &at);
        return r < 0 ? failed(w, parcel->name, r, reterr) : settle(w, &at, 0, reterr);
}

/* ---- directories ---- */

static int open_at(int dir, const char *name) {
        int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd >= 0 ? fd : errno == ELOOP ? -ENOTDIR : -errno;
}

static int push(Writer *w, int fd, const Parcel *parcel, bool is_new, Error **reterr) {
        bool is_beneath_ours = w->n_levels > 0 && w->levels[w->n_levels - 1].is_ours;
        Level *l = &w->levels[w->n_levels];

        if (w->n_levels == PARCEL_DEPTH_MAX) {
                close_fd(fd);
                return error_set(reterr, ELOOP, "What is to be copied has more than %d directories in each other", PARCEL_DEPTH_MAX);
        }
        /* Made up for a directory that had not been told of yet, attributes are not for one that is come back to. */
        *l = (Level){ .fd = fd, .head = parcel->head, .xattrs = w->pending, .is_ours = is_new || is_beneath_ours,
                      .sets_attributes = is_new || (is_beneath_ours && !(parcel->head.flags & PARCEL_IMPLIED)) };
        w->pending = (ParcelPending){};
        w->n_levels++;
        return 0;
}

/* The top: new, and hidden until it is whole; or there, and merged into. */
static int enter_top(Writer *w, const Parcel *parcel, Error **reterr) {
        _cleanup_free_ char *name = NULL;
        int r, fd;

        if (w->parent >= 0)
                return out_of_order(reterr);
        fd = w->flags & PARCEL_INSIDE ? -ENOENT : parcel_open_directory(w->target, w->q->is_guest);
        r = fd < 0 ? open_parent(w, parcel->name, true, &name) : 0;
        if (r < 0)
                return failed(w, parcel->name, r, reterr);
        /* A link to a directory is none, unless the path says so by a slash at its end. */
        if (fd >= 0 && w->target[strlen(w->target) - 1] != '/') {
                struct stat st;

                if (fstatat(AT_FDCWD, w->target, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode)) {
                        close_fd(fd);
                        return failed(w, parcel->name, -ENOTDIR, reterr);
                }
        }
        if (fd < 0 && exists(w->parent, name)) {
                fd = open_at(w->parent, name);
                if (fd < 0)
                        return failed(w, name, fd, reterr);
        }
        if (fd >= 0)
                return push(w, fd, parcel, false, reterr);
        r = parcel_place_init(&w->top, w->parent, name, true, false);
        if (r >= 0 && mkdirat(w->parent, w->top.made, 0700) < 0)
                r = -errno;
        if (r < 0)
                return failed(w, name, r, reterr);
        w->is_unpublished = true;
        fd = open_at(w->parent, w->top.made);
        return fd < 0 ? failed(w, name, fd, reterr) : push(w, fd, parcel, true, reterr);
}

static int enter(Writer *w, const Parcel *parcel, Error **reterr) {
        const Level *l;
        bool is_new;
        int fd;

        if (!w->target || !parcel_name_is_valid(parcel->name))
                if (!w->target || w->n_levels > 0 || *parcel->name)
                        return out_of_order(reterr);
        if (w->n_levels == 0)
                return enter_top(w, parcel, reterr);
        l = &w->levels[w->n_levels - 1];
        is_new = mkdirat(l->fd, parcel->name, 0700) >= 0;
        if (!is_new && errno != EEXIST)
                return failed(w, parcel->name, -errno, reterr);
        fd = open_at(l->fd, parcel->name);
        if (fd < 0)
                return failed(w, parcel->name, fd, reterr);
        return push(w, fd, parcel, is_new, reterr);
}

static int leave(Writer *w, Error **reterr) {
        Level *l;
        int r = 0;

        if (w->n_levels == 0)
                return out_of_order(reterr);
        l = &w->levels[--w->n_levels];
        if (l->sets_attributes)
                r = set_attributes(w, l->fd, &l->head, &l->xattrs, true);
        w->pipe->tally->done.files += r >= 0;
        level_done(l);
        return r < 0 ? failed(w, "", r, reterr) : 0;
}

/* ---- the stream ---- */

static int begin_top(Writer *w, const Parcel *parcel, Error **reterr) {
        if (w->target || !*parcel->name)
                return out_of_order(reterr);
        w->target = strdup(parcel->name);
        w->flags = parcel->head.flags;
        return w->target ? 0 : error_oom(reterr);
}

static int end_top(Writer *w, Error **reterr) {
        int r;

        if (!w->target || w->n_levels > 0 || w->takes_data)
                return out_of_order(reterr);
        r = w->is_unpublished ? parcel_place_publish(&w->top) : 0;
        if (r < 0)
                return r == -EEXIST ? is_there(w, reterr) : failed(w, w->top.name, r, reterr);
        w->is_unpublished = false;
        discard(w);
        return 0;
}

static int write_one(Writer *w, const Parcel *parcel, Error **reterr) {
        if (w->takes_data && parcel->head.kind != PARCEL_DATA && parcel->head.kind != PARCEL_FILE_END)
                return out_of_order(reterr);
        switch (parcel->head.kind) {
        case PARCEL_TOP:
                return begin_top(w, parcel, reterr);
        case PARCEL_TOP_END:
                return end_top(w, reterr);
        case PARCEL_XATTR:
                return parcel_pending_add(&w->pending, parcel, reterr);
        case PARCEL_DIRECTORY:
                return enter(w, parcel, reterr);
        case PARCEL_LEAVE:
                return leave(w, reterr);
        case PARCEL_FILE:
                return write_file(w, parcel, reterr);
        case PARCEL_DATA:
                return write_data(w, parcel, reterr);
        case PARCEL_FILE_END:
                return end_file(w, reterr);
        case PARCEL_SYMLINK:
        case PARCEL_FIFO:
        case PARCEL_SOCKET:
                return write_special(w, parcel, reterr);
        case PARCEL_HARD_LINK:
                return write_hard_link(w, parcel, reterr);
        default:
                return out_of_order(reterr);
        }
}

int parcel_write(ParcelPipe *p, const ParcelWrite *q, Error **reterr) {
        _cleanup_(writer_done) Writer w = { .pipe = p, .q = q, .parent = -1, .file = -1 };
        Parcel parcel;
        int r;

        w.data = (DataCopier){ .on_chunk = on_chunk, .userdata = &w };
        w.levels = calloc(PARCEL_DEPTH_MAX, sizeof(Level));
        if (!w.levels)
                return error_oom(reterr);
        for (;;) {
                r = parcel_receive(p, &parcel, reterr);
                if (r >= 0 && parcel.head.kind == PARCEL_END)
                        break;
                if (r >= 0)
                        r = write_one(&w, &parcel, reterr);
                if (r < 0)
                        return r;
        }
        if (w.target)
                return out_of_order(reterr);
        return parcel_send(p, &(Parcel){ .head = { .kind = PARCEL_DONE }, .fd = -1 }, reterr);
}
