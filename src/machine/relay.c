/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "fd.h"

static bool is_pipe(int fd) {
        struct stat st;

        return fstat(fd, &st) >= 0 && S_ISFIFO(st.st_mode);
}

int relay_begin(Relay *r, bool all_but_pipes) {
        *r = (Relay){ .theirs = { 0, 1, 2 }, .ours = { -1, -1, -1 } };
        for (int i = 0; i < 3; i++) {
                int p[2];

                if (all_but_pipes ? is_pipe(i) : !isatty(i))
                        continue;
                if (pipe2(p, O_CLOEXEC) < 0)
                        return -errno;
                r->theirs[i] = p[i == 0 ? 0 : 1];
                r->ours[i] = p[i == 0 ? 1 : 0];
                if (fd_set_nonblock(r->ours[i], true) < 0)
                        return -errno;
        }
        return 0;
}

void relay_started(Relay *r) {
        for (int i = 0; i < 3; i++)
                if (r->theirs[i] != i)
                        r->theirs[i] = close_fd(r->theirs[i]);
}

void relay_done(Relay *r) {
        for (int i = 0; i < 3; i++) {
                if (r->theirs[i] != i)
                        close_fd(r->theirs[i]);
                close_fd(r->ours[i]);
        }
}

size_t relay_poll(const Relay *r, struct pollfd *p) {
        size_t n = 0;

        if (r->ours[0] >= 0 && r->n_input == 0)
                p[n++] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
        if (r->ours[0] >= 0) /* without events: its reader's end is always told */
                p[n++] = (struct pollfd){ .fd = r->ours[0], .events = r->n_input > 0 ? POLLOUT : 0 };
        for (int i = 1; i < 3; i++)
                if (r->ours[i] >= 0)
                        p[n++] = (struct pollfd){ .fd = r->ours[i], .events = POLLIN };
        return n;
}

static bool is_ready(int fd, short events) {
        struct pollfd p = { .fd = fd, .events = events };

        return poll(&p, 1, 0) > 0;
}

static void copy_input(Relay *r) {
        ssize_t n;

        if (r->ours[0] < 0)
                return;
        if (r->n_input == 0 && !r->input_ended && is_ready(STDIN_FILENO, POLLIN)) {
                n = read(STDIN_FILENO, r->input, sizeof(r->input));
                if (n > 0)
                        r->n_input = (size_t) n;
                else if (n == 0 || errno != EINTR)
                        r->input_ended = true;
        }
        while (r->n_input > 0) {
                n = write(r->ours[0], r->input, r->n_input);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                if (n < 0) {
                        r->input_ended = true;
                        r->n_input = 0;
                        break;
                }
                r->n_input -= (size_t) n;
                memmove(r->input, r->input + n, r->n_input);
        }
        if (r->input_ended || is_ready(r->ours[0], 0))
                r->ours[0] = close_fd(r->ours[0]);
}

static void copy_output(Relay *r, int i) {
        char data[4096];

        while (r->ours[i] >= 0) {
                ssize_t n = read(r->ours[i], data, sizeof(data));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0 || fd_write_all(i, data, (size_t) n) < 0)
                        r->ours[i] = close_fd(r->ours[i]);
        }
}

void relay_handle(Relay *r) {
        copy_input(r);
        copy_output(r, STDOUT_FILENO);
        copy_output(r, STDERR_FILENO);
}
