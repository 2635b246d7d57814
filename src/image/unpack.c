/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack.h"

/* Speed: most entries are small files of root's in the directory of the entry before. Such a one takes four system calls: open, write,
 * time, close. So the mode is given with the open, the owner only where it is another, and a directory's fd stays open from one entry to
 * the next (unpack-place.h). */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "unpack-job.h"
#include "unpack-whiteout.h"

#define WATCH_ENTRIES 64

int unpack_watch(UnpackJob *j, Error **reterr) {
        const CopyWatch *watch = j->wish->watch;

        j->since_watch = 0;
        j->bytes_watched = j->done.bytes;
        if (!watch)
                return 0;
        if (watch->show)
                watch->show(&(CopyProgress){ .files = j->done.files, .bytes = j->archive ? archive_consumed(j->archive) : j->read }, watch->userdata);
        if (watch->is_cancelled && watch->is_cancelled(watch->userdata))
                return error_set(reterr, ECANCELED, "Interrupted");
        return 0;
}

int unpack_failed(const char *path, int r, Error **reterr) {
        return error_errno(reterr, r, "Cannot make '%s' of the archive", path);
}

/* ---- kinds of entries ---- */

static const char *last_component(const UnpackJob *j) {
        return j->place.components[j->place.n_components - 1];
}

/* What was there is replaced. */
static int open_new(int dir, const char *name, uint32_t mode) {
        int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, fd = openat(dir, name, flags, mode & 0777), r;

        if (fd >= 0 || errno != EEXIST)
                return fd < 0 ? -errno : fd;
        r = unpack_clear(dir, name);
        if (r < 0)
                return r;
        fd = openat(dir, name, flags, mode & 0777);
        return fd < 0 ? -errno : fd;
}

static int make_file(UnpackJob *j, const ArchiveEntry *e, Error **reterr) {
        UnpackLevel *here = unpack_here(&j->place);
        _cleanup_close_ int fd = open_new(here->fd, last_component(j), e->mode);
        int r;

        if (fd < 0)
                return unpack_failed(e->path, fd, reterr);
        r = unpack_contents(j, &(Contents){ .to = fd, .path = e->path, .size = e->size }, reterr);
        return r < 0 ? r : unpack_attributes(j, e, &(Made){ .in = here, .fd = fd }, reterr);
}

/* It is entered at once, and has its time when it is left. */
static int enter_made(UnpackJob *j, const ArchiveEntry *e, bool existed, Error **reterr) {
        int r = unpack_step(&j->place, last_component(j), !existed);
        UnpackLevel *l = &j->place.levels[j->place.n - 1];

        if (r < 0)
                return unpack_failed(e->path, r, reterr);
        r = unpack_attributes(j, e, &(Made){ .in = l - 1, .fd = l->fd, .existed = existed }, reterr);
        if (r < 0)
                return r;
        l->mtime = e->mtime;
        l->has_time = l->is_touched = true;
        l->is_setgid = e->mode & S_ISGID;
        for (size_t i = 0; i < e->n_xattrs; i++)
                l->has_default_acl |= strcmp(e->xattrs[i].name, "system.posix_acl_default") == 0;
        return 0;
}

static int make_directory(UnpackJob *j, const ArchiveEntry *e, Error **reterr) {
        const char *name = last_component(j);
        UnpackPlace *p = &j->place;
        UnpackLevel *here = unpack_here(p);
        struct stat st;
        int r;

        if (mkdirat(here->fd, name, e->mode & 0777) >= 0)
                return enter_made(j, e, false, reterr);
        if (errno != EEXIST || fstatat(here->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return unpack_failed(e->path, -errno, reterr);
        if (S_ISDIR(st.st_mode))
                return enter_made(j, e, true, reterr);
        r = p->is_layer && unpack_is_whiteout(here->fd, name) ? unpack_make_opaque_directory(p, here->fd, name) : unpack_clear(here->fd, name);
        if (r >= 0 && mkdirat(here->fd, name, e->mode & 0777) < 0 && errno != EEXIST)
                r = -errno;
        return r < 0 ? unpack_failed(e->path, r, reterr) : enter_made(j, e, true, reterr);
}

static int make_top(UnpackJob *j, const ArchiveEntry *e, Error **reterr) {
        UnpackLevel *top = &j->place.levels[0], nobody = {};
        int r;

        if (e->kind != ENTRY_DIRECTORY)
                return unpack_refuse(reterr, "The archive has an entry without a name");
        r = unpack_enter(&j->place, 0, e->path, reterr);
        if (r >= 0)
                r = unpack_attributes(j, e, &(Made){ .in = &nobody, .fd = top->fd, .existed = true }, reterr);
        if (r < 0)
                return r;
        j->is_top_listed = true;
        top->mtime = e->mtime;
        top->has_time = top->is_touched = true;
        top->is_setgid = e->mode & S_ISGID;
        return 0;
}

static int make_symlink(UnpackJob *j, const ArchiveEntry *e, Error **reterr) {
        UnpackLevel *here = unpack_here(&j->place);
        const char *name = last_component(j);
        int r = symlinkat(e->target, here->fd, name) < 0 ? -errno : 0;

        if (r == -EEXIST) {
                r = unpack_clear(here->fd, name);
                if (r >= 0 && symlinkat(e->target, here->fd, name) < 0)
                        r = -errno;
        }
        return r < 0 ? unpack_failed(e->path, r, reterr) : unpack_attributes(j, e, &(Made){ .in = here, .name = name, .fd = -1 }, reterr);
}

static int make_node(UnpackJob *j, const ArchiveEntry *e, Error **reterr) {
        mode_t mode = (e->kind == ENTRY_FIFO ? S_IFIFO : S_IFSOCK) | 0600;
        UnpackLevel *here = unpack_here(&j->place);
        const char *name = last_component(j);
        int r = mknodat(here->fd, name, mode, 0) < 0 ? -errno : 0;

        if (r == -EEXIST) {
                r = unpack_clear(here->fd, name);
                if (r >= 0 && mknodat(here->fd, name, mode, 0) < 0)
                        r = -errno;
        }
        return r < 0 ? unpack_failed(e->path, r, reterr) : unpack_attributes(j, e, &(Made){ .in = here, .name = name, .fd = -1 }, reterr);
}

static int (*const makers[])(UnpackJob *, const ArchiveEntry *, Error **) = {
        [ENTRY_FILE] = make_file,
        [ENTRY_DIRECTORY] = make_directory,
        [ENTRY_SYMLINK] = make_symlink,
        [ENTRY_HARD_LINK] = unpack_hard_link,
        [ENTRY_FIFO] = make_node,
        [ENTRY_SOCKET] = make_node,
        [ENTRY_CHAR] = NULL, /* left out */
        [ENTRY_BLOCK] = NULL,
};

/* ---- entries ---- */

static int check(const ArchiveEntry *e, Error **reterr) {
        if (e->uid == (uint32_t) -1 || e->gid == (uint32_t) -1) /* which would mean "as it is": root's */
                return unpack_refuse(reterr, "'%s' in the archive belongs to the id 4294967295, which nobody has", e->path);
        if (e->mtime.tv_nsec < 0 || e->mtime.tv_nsec >= 1000000000)
                return unpack_refuse(reterr, "'%s' in the archive has a time that is none", e->path);
        return 0;
}

/* A layer says of a name that it is gone. Its directory may be none in this layer any more (umoci lists all that was in it): then there is
 * nothing to hide. */
static int take_whiteout(UnpackJob *j, const ArchiveEntry *e, UnpackWhiteout kind, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        UnpackPlace *p = &j->place;
        int r = unpack_enter(p, p->n_components - 1, e->path, &error);

        if (r < 0)
                return r == -EBADMSG ? 0 : error_pass(reterr, r, &error);
        r = unpack_whiteout(p, last_component(j), kind);
        return r < 0 ? unpack_failed(e->path, r, reterr) : 0;
}

/* In the directory that it belongs to. 1: there is nothing (more) to be made. */
static int go_there(UnpackJob *j, const ArchiveEntry *e, Error **reterr) {
        UnpackPlace *p = &j->place;
        UnpackWhiteout kind = p->is_layer ? unpack_whiteout_kind(p, last_component(j)) : WHITEOUT_NONE;
        int r = 0;

        switch (kind) {
        case WHITEOUT_NONE:
                return unpack_enter(p, p->n_components - 1, e->path, reterr);
        case WHITEOUT_WRONG:
                return unpack_refuse(reterr, "'%s' in the archive hides nothing that has a name", e->path);
        case WHITEOUT_NAME:
        case WHITEOUT_OPAQUE:
                r = take_whiteout(j, e, kind, reterr);
                break;
        case WHITEOUT_OF_NOTHING:
                break;
        }
        return r < 0 ? r : 1;
}

static int unpack_entry(UnpackJob *j, const ArchiveEntry *e, const char *path, Error **reterr) {
        int r = check(e, reterr);

        if (r >= 0)
                r = unpack_room_take_entry(&j->room, reterr);
        if (r >= 0)
                r = unpack_path(&j->place, path, e->path, reterr);
        if (r < 0)
                return r;
        if (!makers[e->kind]) {
                j->done.devices++;
                return 0;
        }
        if (j->place.n_components == 0)
                return make_top(j, e, reterr);
        r = go_there(j, e, reterr);
        if (r != 0)
                return r < 0 ? r : 0;
        j->done.files++;
        r = makers[e->kind](j, e, reterr);
        if (r >= 0 && ++j->since_watch >= WATCH_ENTRIES)
                r = unpack_watch(j, reterr);
        return r;
}

const char *unpack_beneath_prefix(const UnpackJob *j, const char *path) {
        const char *prefix = j->wish->prefix;
        size_t n = prefix ? strlen(prefix) : 0;

        if (strncmp(path, prefix ?: "", n) == 0)
                return path + n;
        return n > 0 && strlen(path) == n - 1 && strncmp(path, prefix, n - 1) == 0 ? path + n - 1 : NULL;
}

static int unpack_entries(UnpackJob *j, Error **reterr) {
        const ArchiveEntry *e;
        int r;

        while ((r = archive_next(j->archive, &e, reterr)) > 0) {
                const char *path = unpack_beneath_prefix(j, e->path);

                if (!path) {
                        archive_again(j->archive);
                        return 0;
                }
                r = unpack_entry(j, e, path, reterr);
                if (r < 0)
                        return r;
        }
        return r;
}

/* ---- the whole ---- */

static int finish_top(UnpackJob *j, Error **reterr) {
        int top = j->place.levels[0].fd, r = unpack_finish_whiteouts(&j->place);

        if (r >= 0 && !j->is_top_listed && !j->wish->whiteouts && fchmod(top, 0755) < 0)
                r = -errno;
        if (r < 0)
                return error_errno(reterr, r, "Cannot finish the top directory of the archive");
        return unpack_leave(&j->place, reterr);
}

int unpack_tree(Archive *a, int to, const UnpackWish *wish, UnpackResult *ret, Error **reterr) {
        UnpackJob j = { .archive = a, .wish = wish, .room = { .fd = to, .most = wish->size_max },
                        .place = { .below = wish->whiteouts ? wish->below : -1, .is_layer = wish->whiteouts } };
        mode_t mask = umask(0);
        int r;

        archive_watch(a, wish->watch);
        r = unpack_place_init(&j.place, to, reterr);
        if (r >= 0)
                r = unpack_entries(&j, reterr);
        if (r >= 0)
                r = finish_top(&j, reterr);
        if (r >= 0)
                r = unpack_watch(&j, reterr);
        unpack_place_done(&j.place);
        (void) umask(mask);
        if (r >= 0)
                *ret = j.done;
        return r < 0 ? r : 0;
}
