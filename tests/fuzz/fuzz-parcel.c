/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"
#include "machine-stream.h"
#include "parcel-attributes.h"
#include "parcel-frames.h"
#include "parcel-tar.h"
#include "parcel.h"

/* Files that a machine, or another host, sends. The first byte says what the rest is: messages of a machine's process (two bytes of
 * their size before each), frames of another host's, or the head of a machine that is sent. What comes is written as a tar. */

/* A file with room for a MiB, for a file of an exbibyte without contents is as long in a tar. */
static int bounded_file(void) {
        int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        fuzz_check(fd >= 0 && ftruncate(fd, 1 << 20) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
        return fd;
}

static int write_tar(int sock, ParcelTally *tally) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int out = bounded_file();
        ParcelPipe p;
        int r = parcel_pipe_init(&p, sock, tally, &error);

        if (r >= 0)
                r = parcel_tar(&p, out, "a.tar", &error);
        fuzz_check_error(r, error);
        parcel_pipe_done(&p);
        return r;
}

static void send_message(int sock, const uint8_t *data, size_t n) {
        ParcelHead head = {};
        int fd = -1;

        memcpy(&head, data, n < sizeof(head) ? n : sizeof(head));
        if (head.kind == PARCEL_FILE && head.size % 2)
                fd = fuzz_file(data, n);
        (void) fd_send(sock, data, n, &fd, fd >= 0 ? 1 : 0);
        close_fd(fd);
}

static void check_messages(FuzzInput *in) {
        ParcelTally tally = {};
        int fds[2];

        fuzz_check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
        for (int k = 0; k < 32 && in->size > 0; k++) {
                const uint8_t *message;
                size_t n = fuzz_byte(in) | (size_t) fuzz_byte(in) << 8;

                n = fuzz_bytes(in, n, &message);
                if (n > 0)
                        send_message(fds[1], message, n);
        }
        fuzz_check(shutdown(fds[1], SHUT_WR) == 0);
        (void) write_tar(fds[0], &tally);
        close(fds[0]);
        close(fds[1]);
}

typedef struct Writer {
        int sock;
        ParcelTally *tally;
} Writer;

static void *writer(void *userdata) {
        Writer *w = userdata;

        (void) write_tar(w->sock, w->tally);
        (void) shutdown(w->sock, SHUT_RDWR);
        return NULL;
}

static void check_frames(FuzzInput *in) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int file = fuzz_file(in->data, in->size);
        const ParcelFrames frames = { .fd = file, .name = "other", .target = "/srv", .base = 524288, .range = 65536 };
        ParcelTally tally = {}, theirs = {};
        ParcelPipe p;
        pthread_t thread;
        Writer other;
        int fds[2], r;

        fuzz_check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
        other = (Writer){ fds[1], &theirs };
        fuzz_check(pthread_create(&thread, NULL, writer, &other) == 0);
        r = parcel_pipe_init(&p, fds[0], &tally, &error);
        if (r >= 0)
                r = parcel_frames_read(&p, &frames, &error);
        fuzz_check_error(r, error);
        parcel_pipe_done(&p);
        (void) shutdown(fds[0], SHUT_RDWR);
        fuzz_check(pthread_join(thread, NULL) == 0);
        close(fds[0]);
        close(fds[1]);
}

static void check_head(FuzzInput *in) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *text = fuzz_string(in);
        StreamHead head = {};
        int r = stream_head_parse(text, &head, &error);

        fuzz_check_error(r, error);
        if (r >= 0) {
                _cleanup_free_ char *written = stream_head_format(&head), *path = stream_settings_path(&head);
                StreamHead again = {};

                fuzz_check(written && head.mode <= 0777 && path);
                fuzz_check(stream_head_parse(written, &again, &error) >= 0 && strcmp(head.name, again.name) == 0);
                stream_head_done(&again);
        }
        stream_head_done(&head);
}

static void check_paths(FuzzInput *in) {
        _cleanup_free_ char *path = fuzz_string(in);
        ParcelSplit split = {};

        if (parcel_split(path, &split) >= 0) {
                fuzz_check(!strchr(split.name, '/') && strcmp(split.name, ".") != 0 && strcmp(split.name, "..") != 0);
                parcel_split_done(&split);
        }
}

void fuzz_parcel(const uint8_t *data, size_t size) {
        static void (*const checks[])(FuzzInput *in) = { check_messages, check_frames, check_head, check_paths };
        FuzzInput in = { data, size };
        unsigned which = fuzz_byte(&in) % ELEMENTSOF(checks);

        checks[which](&in);
}
