/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive-out.h"

#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "cleanup.h"
#include "fd.h"

#define BUFFER_SIZE (256U << 10)
#define LARGE (32U << 10) /* what is not copied into the buffer */

int out_begin(ArchiveOut *o, int fd) {
        *o = (ArchiveOut){ .fd = fd, .buffer = malloc(BUFFER_SIZE) };
        return o->buffer ? 0 : -ENOMEM;
}

void out_flush(ArchiveOut *o) {
        if (fd_write_all(o->fd, o->buffer, o->fill) < 0)
                _exit(1);
        o->fill = 0;
}

/* The buffer and what comes behind it, in one call where the pipe takes it. */
static void write_past(ArchiveOut *o, const void *data, size_t size) {
        struct iovec v[] = { { o->buffer, o->fill }, { (void *) data, size } };
        ssize_t n = writev(o->fd, v, ELEMENTSOF(v));
        size_t done = n > 0 ? (size_t) n : 0;

        if (n < 0 && errno != EINTR)
                _exit(1);
        if (done < o->fill) {
                memmove(o->buffer, o->buffer + done, o->fill - done);
                o->fill -= done;
                out_flush(o);
                done = 0;
        } else
                done -= o->fill;
        o->fill = 0;
        if (fd_write_all(o->fd, (const char *) data + done, size - done) < 0)
                _exit(1);
}

static void put(ArchiveOut *o, const void *data, size_t size) {
        if (size >= LARGE) {
                write_past(o, data, size);
                return;
        }
        if (size == 0)
                return;
        if (size > BUFFER_SIZE - o->fill)
                out_flush(o);
        memcpy(o->buffer + o->fill, data, size);
        o->fill += size;
}

void out_record(ArchiveOut *o, RecordType type, const OutPart *parts, size_t n) {
        RecordHead head = { .type = type, .consumed = o->consumed };

        for (size_t i = 0; i < n; i++)
                head.size += (uint32_t) parts[i].size;
        put(o, &head, sizeof(head));
        for (size_t i = 0; i < n; i++)
                put(o, parts[i].data, parts[i].size);
}

int out_fail(ArchiveOut *o, Failure failure, int error, const char *text) {
        RecordFail fail = { .failure = failure, .error = error };
        char copy[RECORD_TEXT_MAX];

        if (o->failed)
                return -EBADMSG;
        o->failed = true;
        snprintf(copy, sizeof(copy), "%s", text ?: "");
        out_record(o, RECORD_FAIL, (OutPart[]){ { &fail, sizeof(fail) }, { copy, strlen(copy) + 1 } }, 2);
        out_flush(o);
        return -EBADMSG;
}
