/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parcel-frames.h"

#include <stdlib.h>
#include <string.h>

#include "fd.h"

/* A number, so that another byte order is another form. */
#define FORM UINT64_C(0x6e626f7870617201) /* "nboxpar", 1 */

static int put(const ParcelFrames *q, const Parcel *parcel, Error **reterr) {
        ParcelHead head = parcel->head;
        int r;

        head.name_size = parcel->name && *parcel->name ? (uint32_t) strlen(parcel->name) + 1 : 0;
        r = fd_write_all(q->fd, &head, sizeof(head));
        if (r >= 0)
                r = fd_write_all(q->fd, parcel->name, head.name_size);
        if (r >= 0)
                r = fd_write_all(q->fd, parcel->bytes, head.bytes_size);
        return r < 0 ? error_errno(reterr, r, "Cannot write to %s", q->name) : 0;
}

/* Holes are left out. A file that has got shorter has one at its end, and one that has grown is as long as it was. */
static int put_contents(ParcelPipe *p, const ParcelFrames *q, const Parcel *file, uint8_t *buffer, Error **reterr) {
        off_t at = 0, end = (off_t) file->head.size;

        while (at < end && !p->tally->is_cancelled) {
                off_t data = lseek(file->fd, at, SEEK_DATA);
                size_t want;
                ssize_t n;
                int r;

                if (data < 0 && errno == ENXIO)
                        break;
                at = data > at ? data : at;
                want = at < end ? (size_t) (end - at) : 0;
                n = pread(file->fd, buffer, want < PARCEL_BYTES_MAX ? want : PARCEL_BYTES_MAX, at);
                if (n < 0)
                        return error_errno(reterr, errno, "Cannot read %s", file->name);
                if (n == 0)
                        break;
                r = put(q, &(Parcel){ .head = { .kind = PARCEL_DATA, .size = (uint64_t) at, .bytes_size = (uint32_t) n }, .bytes = buffer }, reterr);
                if (r < 0)
                        return r;
                at += n;
                p->tally->done.bytes += (uint64_t) n;
        }
        if (p->tally->is_cancelled)
                return error_set(reterr, ECANCELED, "The copying was interrupted");
        return put(q, &(Parcel){ .head = { .kind = PARCEL_FILE_END } }, reterr);
}

int parcel_frames_write(ParcelPipe *p, const ParcelFrames *q, Error **reterr) {
        _cleanup_free_ uint8_t *buffer = malloc(PARCEL_BYTES_MAX);
        const uint64_t form = FORM;
        Parcel parcel;
        int r;

        if (!buffer)
                return error_oom(reterr);
        r = fd_write_all(q->fd, &form, sizeof(form));
        if (r < 0)
                return error_errno(reterr, r, "Cannot write to %s", q->name);
        do {
                r = parcel_receive(p, &parcel, reterr);
                if (r >= 0)
                        r = put(q, &parcel, reterr);
                if (r >= 0 && parcel.fd >= 0)
                        r = put_contents(p, q, &parcel, buffer, reterr);
                if (r < 0)
                        return r;
        } while (parcel.head.kind != PARCEL_END);
        return parcel_send(p, &(Parcel){ .head = { .kind = PARCEL_DONE }, .fd = -1 }, reterr);
}

/* ---- and back ---- */

static int get(const ParcelFrames *q, void *data, size_t size, Error **reterr) {
        for (size_t at = 0; at < size;) {
                ssize_t n = read(q->fd, (uint8_t *) data + at, size - at);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(reterr, errno, "Cannot read from %s", q->name);
                if (n == 0)
                        return error_set(reterr, EPROTO, "What comes from %s ends before its time", q->name);
                at += (size_t) n;
        }
        return 0;
}

static int no_form(const ParcelFrames *q, Error **reterr) {
        return error_set(reterr, EBADMSG, "What comes from %s has no form that this version of nbox knows", q->name);
}

/* `buffer` has room for both. */
static int get_parcel(const ParcelFrames *q, uint8_t *buffer, Parcel *ret, Error **reterr) {
        ParcelHead *h = &ret->head;
        int r;

        *ret = (Parcel){ .fd = -1, .name = "" };
        r = get(q, h, sizeof(*h), reterr);
        if (r < 0)
                return r;
        if (h->name_size > PARCEL_BYTES_MAX || h->bytes_size > PARCEL_BYTES_MAX)
                return no_form(q, reterr);
        r = get(q, buffer, h->name_size + h->bytes_size, reterr);
        if (r < 0)
                return r;
        if (h->name_size > 0 && memchr(buffer, 0, h->name_size) != buffer + h->name_size - 1)
                return no_form(q, reterr);
        ret->name = h->name_size > 0 ? (const char *) buffer : "";
        ret->bytes = buffer + h->name_size;
        return 0;
}

static uint32_t id_of(ParcelPipe *p, const ParcelFrames *q, uint32_t id) {
        if (q->range == 0 || id < q->range)
                return id;
        if (q->base > 0 && id >= q->base && id - q->base < q->range)
                return id - q->base;
        p->tally->strangers++;
        return 0;
}

/* Whether it is the entry that stands behind a TOP, of which there is one. */
static bool is_entry(ParcelKind kind) {
        return kind == PARCEL_DIRECTORY || kind == PARCEL_FILE || kind == PARCEL_SYMLINK || kind == PARCEL_FIFO || kind == PARCEL_SOCKET;
}

/* Who asked for "notes" is not given "authorized_keys". */
static int check_name(const ParcelFrames *q, size_t *n, const Parcel *parcel, Error **reterr) {
        const char *want = q->names ? q->names[*n] : NULL;

        if (q->names && (!want || (*want && strcmp(want, parcel->name) != 0)))
                return error_set(reterr, EBADMSG, "What comes from %s is not what was asked for: '%s'", q->name, parcel->name);
        *n += 1;
        return 0;
}

static int pass_all(ParcelPipe *p, const ParcelFrames *q, uint8_t *buffer, Error **reterr) {
        bool at_top = false;
        size_t n = 0;
        Parcel parcel;
        int r;

        do {
                r = get_parcel(q, buffer, &parcel, reterr);
                if (r < 0)
                        return r;
                if (parcel.head.kind == PARCEL_DONE || parcel.head.kind == PARCEL_FAIL)
                        return no_form(q, reterr);
                if (parcel.head.kind == PARCEL_TOP) {
                        parcel.name = q->target;
                        parcel.head.flags = q->flags;
                        at_top = true;
                } else if (at_top && is_entry(parcel.head.kind)) {
                        r = check_name(q, &n, &parcel, reterr);
                        at_top = false;
                }
                parcel.head.uid = id_of(p, q, parcel.head.uid);
                parcel.head.gid = id_of(p, q, parcel.head.gid);
                if (r >= 0)
                        r = parcel_send(p, &parcel, reterr);
                if (r < 0)
                        return r;
        } while (parcel.head.kind != PARCEL_END);
        return 0;
}

int parcel_frames_read(ParcelPipe *p, const ParcelFrames *q, Error **reterr) {
        _cleanup_free_ uint8_t *buffer = malloc(2 * (size_t) PARCEL_BYTES_MAX);
        uint64_t form;
        Parcel answer;
        int r;

        if (!buffer)
                return error_oom(reterr);
        r = get(q, &form, sizeof(form), reterr);
        if (r >= 0 && form != FORM)
                r = no_form(q, reterr);
        if (r >= 0)
                r = pass_all(p, q, buffer, reterr);
        return r < 0 ? r : parcel_receive(p, &answer, reterr);
}
