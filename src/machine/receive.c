/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "receive.h"

#include <string.h>
#include <sys/stat.h>

#include "image-add.h"
#include "image-replace.h"
#include "new-image.h"
#include "settings.h"
#include "strv.h"

void reception_done(Reception *c) {
        archive_free(c->archive);
        close_fd(c->fd);
        stream_tee_free(c->tee);
        stream_head_done(&c->head);
        settings_file_done(&c->settings);
}

void received_done(Received *r) {
        free(r->path);
        free(r->settings);
        free(r->in_the_way);
        strv_free(r->missing);
        free(r->unclear);
}

/* ---- the small members before the image ---- */

static int no_stream(Error **reterr) {
        error_set(reterr, EBADMSG, "What comes in is not what `nbox send` writes");
        return error_hint(reterr, -EBADMSG, "`nbox send NAME | nbox receive`; `nbox import - NAME` takes other archives.");
}

static int ended_early(Error **reterr) {
        return error_set(reterr, EBADMSG, "The stream ended before all of the machine had come");
}

static int stranger(const ArchiveEntry *e, const char *wanted, Error **reterr) {
        return error_set(reterr, EBADMSG, "The stream has '%.200s' where %s should be", e->path, wanted);
}

/* The contents of a small file, NUL-terminated. */
static int read_text(Archive *a, size_t max, char **ret, size_t *ret_size, Error **reterr) {
        _cleanup_free_ char *text = calloc(1, max + 1);
        size_t size, end = 0;
        const void *piece;
        uint64_t offset;
        int r;

        if (!text)
                return error_oom(reterr);
        while ((r = archive_data(a, &piece, &size, &offset, reterr)) > 0) {
                if (offset > max || size > max - offset)
                        return error_set(reterr, EBADMSG, "A file of the stream that should be small is larger than %zu bytes", max);
                memcpy(text + offset, piece, size);
                end = offset + size;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(text);
        *ret_size = end;
        return 0;
}

static int read_head(Reception *c, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        const ArchiveEntry *e;
        size_t size;
        int r = archive_next(c->archive, &e, reterr);

        if (r < 0)
                return r;
        if (r == 0 || e->kind != ENTRY_FILE || strcmp(e->path, STREAM_HEAD) != 0)
                return no_stream(reterr);
        r = read_text(c->archive, STREAM_HEAD_MAX, &text, &size, reterr);
        return r < 0 ? r : stream_head_parse(text, &c->head, reterr);
}

static int read_settings(Reception *c, Error **reterr) {
        _cleanup_free_ char *path = stream_settings_path(&c->head);
        const ArchiveEntry *e;
        int r;

        if (c->head.settings == STREAM_SETTINGS_NONE)
                return 0;
        if (!path)
                return error_oom(reterr);
        r = archive_next(c->archive, &e, reterr);
        if (r <= 0)
                return r < 0 ? r : ended_early(reterr);
        if (e->kind != ENTRY_FILE || strcmp(e->path, path) != 0)
                return stranger(e, path, reterr);
        c->settings.place = c->head.settings;
        c->settings.mode = c->head.mode & ~(mode_t) (S_IWGRP | S_IWOTH); /* what they say, none but root says */
        return read_text(c->archive, SETTINGS_SIZE_MAX, &c->settings.text, &c->settings.size, reterr);
}

int reception_begin(int fd, Reception *ret, Error **reterr) {
        _cleanup_(reception_done) Reception c = { .fd = -1 };
        ArchiveFormat format;
        int r = stream_tee_open(fd, &c.tee, &c.fd, reterr);

        if (r >= 0)
                r = archive_open(c.fd, "the stream", &c.archive, &format, reterr);
        if (r < 0)
                return r;
        r = format == ARCHIVE_TAR ? read_head(&c, reterr) : no_stream(reterr);
        if (r >= 0)
                r = read_settings(&c, reterr);
        if (r < 0)
                return r;
        *ret = c;
        c = (Reception){ .fd = -1 };
        return 0;
}

/* ---- the image ---- */

static int take_tree(Reception *c, int to, const UnpackWish *wish, UnpackResult *ret, Error **reterr) {
        const ArchiveEntry *e;
        int r = archive_next(c->archive, &e, reterr);

        if (r <= 0)
                return r < 0 ? r : ended_early(reterr);
        if (e->kind != ENTRY_DIRECTORY || strcmp(e->path, STREAM_TREE) != 0)
                return stranger(e, STREAM_TREE, reterr);
        archive_again(c->archive);
        return unpack_tree(c->archive, to, wish, ret, reterr);
}

static int take_disk(Reception *c, int to, const UnpackWish *wish, UnpackResult *ret, Error **reterr) {
        const ArchiveEntry *e;
        int r = archive_next(c->archive, &e, reterr);

        if (r <= 0)
                return r < 0 ? r : ended_early(reterr);
        if (e->kind != ENTRY_FILE || strcmp(e->path, STREAM_DISK) != 0)
                return stranger(e, STREAM_DISK, reterr);
        return unpack_file(c->archive, to, STREAM_DISK, wish, ret, reterr);
}

/* The text of its last member. */
static int read_end(Reception *c, char **ret, Error **reterr) {
        const ArchiveEntry *e;
        size_t size;
        int r = archive_next(c->archive, &e, reterr);

        if (r <= 0)
                return r < 0 ? r : ended_early(reterr);
        if (e->kind != ENTRY_FILE || strcmp(e->path, STREAM_END) != 0)
                return stranger(e, STREAM_END, reterr);
        r = read_text(c->archive, STREAM_HEAD_MAX, ret, &size, reterr);
        if (r >= 0)
                r = archive_next(c->archive, &e, reterr);
        return r > 0 ? stranger(e, "its end", reterr) : r;
}

/* Nothing but that is left of it, and it is whole. The archive may have ended before the stream did: then what it ended with is not the end
 * of the stream. */
static int take_end(Reception *c, const CopyWatch *watch, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        char digest[DIGEST_HEX_SIZE];
        int r = read_end(c, &text, reterr);

        if (r >= 0)
                r = stream_tee_check(c->tee, c->fd, watch, digest, reterr);
        if (r >= 0 && !strstr(text, digest))
                return error_set(reterr, EBADMSG, "The stream goes on behind its end");
        return r;
}

static int take_image(Reception *c, const ReceiveWish *wish, int to, UnpackResult *ret, Error **reterr) {
        UnpackWish how = { .watch = wish->watch, .prefix = c->head.is_disk ? NULL : STREAM_TREE, .below = -1 };
        int r = (c->head.is_disk ? take_disk : take_tree)(c, to, &how, ret, reterr);

        return r < 0 ? r : take_end(c, wish->watch, reterr);
}

/* ---- the settings ---- */

/* What is there already is somebody's choice on this host, and stays. */
static int find_in_the_way(const char *machine, const char *directory, char **ret, Error **reterr) {
        _cleanup_strv_ char **paths = NULL;
        struct stat st;

        if (settings_paths(machine, directory, &paths) < 0)
                return error_oom(reterr);
        for (char **path = paths; *path; path++)
                if (lstat(*path, &st) >= 0) {
                        *ret = strdup(*path);
                        return *ret ? 1 : error_oom(reterr);
                }
        return 0;
}

/* 1 and where they go; 0: nowhere. */
static int place_settings(Reception *c, const ReceiveWish *wish, const char *machine, const char *image, Received *d, Error **reterr) {
        _cleanup_free_ char *directory = strndup(image, (size_t) (strrchr(image, '/') - image));
        int r;

        if (!directory)
                return error_oom(reterr);
        if (!c->settings.text || !wish->settings)
                return 0;
        r = find_in_the_way(machine, directory, &d->in_the_way, reterr);
        if (r != 0)
                return r < 0 ? r : 0;
        c->settings.path = settings_file_path(c->settings.place, machine, directory);
        return c->settings.path ? 1 : error_oom(reterr);
}

static int look_through_settings(const SettingsFile *f, Received *d, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = settings_file_missing(f, &d->missing, &error);

        if (r == -ENOMEM)
                return error_oom(reterr);
        d->settings = strdup(f->path);
        d->unclear = r < 0 ? strdup(error ? error->message : strerror(-r)) : NULL;
        return d->settings && (r >= 0 || d->unclear) ? 0 : error_oom(reterr);
}

static int add(Reception *c, const ReceiveWish *wish, const char *machine, NewImage *n, Received *d, Error **reterr) {
        const SettingsFile *f = &c->settings;
        int r = place_settings(c, wish, machine, n->path, d, reterr);

        if (r <= 0)
                return r < 0 ? r : new_image_finish(n, reterr);
        r = look_through_settings(f, d, reterr);
        return r < 0 ? r : image_add(n, &(ImageSettings){ f->path, f->text, f->size, f->mode }, reterr);
}

int reception_finish(Reception *c, const ReceiveWish *wish, Received *ret, Error **reterr) {
        const char *machine = wish->name ?: c->head.name;
        NewImageWish new = { .name = machine, .kind = c->head.is_disk ? NEW_DISK : NEW_TREE, .read_only = wish->read_only, .watch = wish->watch };
        _cleanup_(image_replace_release) ImageReplaced replaced = {};
        _cleanup_(new_image_freep) NewImage *n = NULL;
        _cleanup_(received_done) Received d = {};
        int r = image_replace_claim(machine, IMAGE_DIRECTORY, wish->force, &replaced, reterr);

        new.replace = replaced.entry;
        if (r >= 0)
                r = new_image_begin(&new, &n, reterr);
        if (r >= 0)
                archive_watch(c->archive, wish->watch);
        if (r >= 0)
                r = take_image(c, wish, n->fd, &d.unpacked, reterr);
        if (r >= 0)
                r = add(c, wish, machine, n, &d, reterr);
        if (r < 0)
                return r;
        d.path = strdup(n->path);
        if (!d.path)
                return error_oom(reterr);
        *ret = d;
        d = (Received){};
        return 0;
}
