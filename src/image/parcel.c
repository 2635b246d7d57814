/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parcel.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "fd.h"

#define WAIT_MSEC 200 /* between two looks whether to go on */
#define MESSAGE_MAX (sizeof(ParcelHead) + 2 * (size_t) PARCEL_BYTES_MAX)

int parcel_pipe_init(ParcelPipe *p, int sock, ParcelTally *tally, Error **reterr) {
        *p = (ParcelPipe){ .sock = sock, .tally = tally, .held = -1, .buffer = malloc(MESSAGE_MAX) };
        return p->buffer ? 0 : error_oom(reterr);
}

void parcel_pipe_done(ParcelPipe *p) {
        free(p->buffer);
        close_fd(p->held);
        *p = (ParcelPipe){ .sock = -1, .held = -1 };
}

bool parcel_name_is_valid(const char *name) {
        return *name && strlen(name) <= NAME_MAX && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int interrupted(Error **reterr) {
        return error_set(reterr, ECANCELED, "The copying was interrupted");
}

/* ---- out ---- */

static size_t put(ParcelPipe *p, const Parcel *parcel, size_t name_size) {
        ParcelHead head = parcel->head;
        size_t n = sizeof(head);

        head.name_size = (uint32_t) name_size;
        memcpy(p->buffer, &head, sizeof(head));
        memcpy(p->buffer + n, parcel->name, name_size);
        n += name_size;
        memcpy(p->buffer + n, parcel->bytes, head.bytes_size);
        return n + head.bytes_size;
}

static int wait_for(const ParcelPipe *p, short events, Error **reterr) {
        while (poll(&(struct pollfd){ .fd = p->sock, .events = events }, 1, WAIT_MSEC) <= 0)
                if (p->tally->is_cancelled)
                        return interrupted(reterr);
        return 0;
}

/* The socket is the receiver's as well as ours; what it says of its failure is still there when it has ended. */
static int gone(ParcelPipe *p, Error **reterr) {
        Parcel answer;
        int r = parcel_receive(p, &answer, reterr);

        return r < 0 ? r : error_set(reterr, EPROTO, "The process that writes the copy has ended before its time");
}

int parcel_send(ParcelPipe *p, const Parcel *parcel, Error **reterr) {
        Parcel q = *parcel;
        size_t name_size = q.name ? strlen(q.name) + 1 : 0, n;

        if (name_size > PARCEL_BYTES_MAX || q.head.bytes_size > PARCEL_BYTES_MAX)
                return error_set(reterr, ENAMETOOLONG, "A path or an attribute is too long to be copied");
        q.name = q.name ?: "";
        q.bytes = q.bytes ?: "";
        n = put(p, &q, name_size);
        for (;;) {
                int r = p->tally->is_cancelled ? interrupted(reterr) : wait_for(p, POLLOUT, reterr);

                if (r < 0)
                        return r;
                r = fd_send(p->sock, p->buffer, n, &q.fd, q.fd >= 0 ? 1 : 0);
                if (r == -EPIPE || r == -ECONNRESET)
                        return gone(p, reterr);
                if (r != -EAGAIN)
                        return r < 0 ? error_errno(reterr, r, "Cannot hand over what is to be copied") : 0;
        }
}

void parcel_send_failure(ParcelPipe *p, int r, const Error *error) {
        const char *hint = error && error->hint ? error->hint : "";
        _cleanup_free_ char *message = strndup(error && error->message ? error->message : strerror(-r), PARCEL_BYTES_MAX - 1);
        Parcel parcel = { .head = { .kind = PARCEL_FAIL, .error = r, .bytes_size = (uint32_t) strnlen(hint, PARCEL_BYTES_MAX - 1) },
                          .fd = -1 };
        size_t n;

        if (!message)
                return;
        parcel.name = message;
        parcel.bytes = hint;
        n = put(p, &parcel, strlen(message) + 1);
        (void) send(p->sock, p->buffer, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- in ---- */

static bool is_text(const char *text, size_t size) {
        return size > 0 && memchr(text, 0, size) == text + size - 1;
}

static bool has_text(ParcelKind kind) {
        return kind == PARCEL_SYMLINK || kind == PARCEL_HARD_LINK;
}

static bool check(const Parcel *p, size_t n) {
        const ParcelHead *h = &p->head;
        struct stat st;

        if (h->kind == 0 || h->kind >= _PARCEL_KINDS || h->name_size > PARCEL_BYTES_MAX || h->bytes_size > PARCEL_BYTES_MAX ||
            sizeof(*h) + h->name_size + h->bytes_size != n)
                return false;
        if (h->name_size > 0 && !is_text(p->name, h->name_size))
                return false;
        if (has_text(h->kind) && !is_text(p->bytes, h->bytes_size))
                return false;
        if (h->atime_nsec >= 1000000000U || h->mtime_nsec >= 1000000000U || (h->mode & ~07777U))
                return false;
        if (h->uid == UINT32_MAX || h->gid == UINT32_MAX || h->size > INT64_MAX)
                return false;
        return p->fd < 0 || (h->kind == PARCEL_FILE && fstat(p->fd, &st) >= 0 && S_ISREG(st.st_mode));
}

static int other_failure(const Parcel *p, Error **reterr) {
        int r = p->head.error < 0 ? p->head.error : -EPROTO;

        error_set(reterr, r, "%s", p->head.name_size > 0 ? p->name : strerror(-r));
        if (p->head.bytes_size > 0)
                error_hint(reterr, r, "%.*s", (int) p->head.bytes_size, (const char *) p->bytes);
        return r;
}

int parcel_receive(ParcelPipe *p, Parcel *ret, Error **reterr) {
        size_t n_fds = 1;
        int fd = -1, r;
        ssize_t n;

        p->held = close_fd(p->held);
        r = wait_for(p, POLLIN, reterr);
        if (r < 0)
                return r;
        n = fd_recv(p->sock, p->buffer, MESSAGE_MAX, &fd, &n_fds);
        if (n == -ECONNRESET) { /* said once, of who ended with parcels that it had not read; its last words are still here */
                n_fds = 1;
                n = fd_recv(p->sock, p->buffer, MESSAGE_MAX, &fd, &n_fds);
        }
        if (n < 0 && n != -ECONNRESET)
                return error_errno(reterr, (int) n, "Cannot take what is to be copied");
        if (n <= 0)
                return error_set(reterr, EPROTO, "The copy has ended before its time: a process of it is gone");
        p->held = n_fds > 0 ? fd : -1;
        *ret = (Parcel){ .fd = p->held };
        if ((size_t) n < sizeof(ret->head))
                return error_set(reterr, EBADMSG, "What is to be copied comes in no form that is known");
        memcpy(&ret->head, p->buffer, sizeof(ret->head));
        ret->name = (const char *) p->buffer + sizeof(ret->head);
        ret->bytes = p->buffer + sizeof(ret->head) + (ret->head.name_size <= PARCEL_BYTES_MAX ? ret->head.name_size : 0);
        if (!check(ret, (size_t) n))
                return error_set(reterr, EBADMSG, "What is to be copied comes in no form that is known");
        if (ret->head.name_size == 0)
                ret->name = "";
        return ret->head.kind == PARCEL_FAIL ? other_failure(ret, reterr) : 0;
}
