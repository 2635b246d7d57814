/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "send.h"

#include <poll.h>
#include <string.h>

#include "fd.h"

#define WAIT_MSEC 200

static StreamHead head_of(const SendRequest *q) {
        return (StreamHead){
                .name = (char *) q->machine,
                .is_disk = q->still->image->type == IMAGE_DISK,
                .bytes = q->still->bytes,
                .files = q->still->files,
                .settings = q->settings ? q->settings->place : STREAM_SETTINGS_NONE,
                .mode = q->settings ? q->settings->mode : 0644,
                .enabled = q->enabled,
        };
}

static int put_head(Pack *p, const StreamHead *head, Error **reterr) {
        _cleanup_free_ char *text = stream_head_format(head);

        return text ? pack_text(p, STREAM_HEAD, text, strlen(text), reterr) : error_oom(reterr);
}

static int put_settings(Pack *p, const StreamHead *head, const SettingsFile *settings, Error **reterr) {
        _cleanup_free_ char *path = settings ? stream_settings_path(head) : NULL;

        if (!settings)
                return 0;
        return path ? pack_text(p, path, settings->text, settings->size, reterr) : error_oom(reterr);
}

static int put_image(Pack *p, const StillImage *still, Error **reterr) {
        PackTree how = { .prefix = STREAM_TREE, .base = still->base, .with_mounts = still->with_mounts };

        if (still->image->type == IMAGE_DISK)
                return pack_file(p, STREAM_DISK, still->image->fd, reterr);
        return pack_tree(p, still->tree, &how, reterr);
}

static void tap(const void *data, size_t size, void *userdata) {
        digest_add(userdata, data, size);
}

static int put_all(const SendRequest *q, int fd, Digest *digest, PackResult *ret, Error **reterr) {
        PackWish wish = { .fd = fd, .name = "the stream", .compression = q->compression, .watch = q->watch, .packed = { tap, digest } };
        _cleanup_(pack_freep) Pack *p = NULL;
        StreamHead head = head_of(q);
        int r = pack_open(&wish, &p, reterr);

        if (r >= 0)
                r = put_head(p, &head, reterr);
        if (r >= 0)
                r = put_settings(p, &head, q->settings, reterr);
        if (r >= 0)
                r = put_image(p, q->still, reterr);
        if (r >= 0)
                r = pack_flush(p, reterr);
        if (r >= 0)
                *ret = pack_result(p);
        return r;
}

/* Less than a pipe takes at once (PIPE_BUF), when it takes anything. */
static int put_tail(const SendRequest *q, int fd, Digest *digest, Error **reterr) {
        struct pollfd wait = { .fd = fd, .events = POLLOUT };
        char hex[DIGEST_HEX_SIZE];
        uint8_t tail[STREAM_TAIL_MAX];
        size_t n;
        int r;

        digest_end(digest, hex);
        n = stream_tail(hex, q->compression == COMPRESS_ZSTD, tail);
        while (poll(&wait, 1, WAIT_MSEC) <= 0)
                if (q->watch && q->watch->is_cancelled && q->watch->is_cancelled(q->watch->userdata))
                        return error_set(reterr, ECANCELED, "The sending was interrupted");
        r = fd_write_all(fd, tail, n);
        return r < 0 ? error_errno(reterr, r, "Cannot write the end of the stream") : 0;
}

/* Who has read none of it ended first, and says why itself. */
static int nobody_reads(Error **reterr) {
        error_set(reterr, EPIPE, "The stream was closed by who reads it, before its end");
        return error_hint(reterr, -EPIPE, "What it says is the cause.");
}

int machine_send(const SendRequest *q, int fd, PackResult *ret, Error **reterr) {
        _cleanup_(digest_freep) Digest *digest = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        PackResult result;
        int r = digest_new(&digest, reterr);

        if (r < 0)
                return r;
        r = put_all(q, fd, digest, &result, &error);
        if (r >= 0)
                r = put_tail(q, fd, digest, &error);
        if (r < 0)
                return r == -EPIPE ? nobody_reads(reterr) : error_pass(reterr, r, &error);
        *ret = result;
        return 0;
}
