/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "event-loop.h"
#include "supervisor.h"
#include "terminal.h"

/* Both sides of the control socket. With a first byte that is odd, the text is what a supervisor answers; else it is packets (a byte of
 * their size before each) that a client sends, the first of which is its request, to a supervisor with terminals. */

static void as_client(FuzzInput *in) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *answer = fuzz_string(in), *text = NULL;
        int r = control_parse_answer("web", answer, &text, &error);

        fuzz_check_error(r, error);
        fuzz_check((r >= 0) == (text != NULL));
}

/* The end of a socket stands in for a pty's master: what a guest would write is read from the other one. */
static void make_terminals(Supervisor *s, int guests[2]) {
        for (int i = 0; i < 2; i++) {
                int fds[2];

                fuzz_check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
                fuzz_check(terminal_new(s->event, fds[0], i ? TERMINAL_RING_TTY : TERMINAL_RING_CONSOLE, i > 0, &s->terminals[i],
                                        NULL) >= 0);
                guests[i] = fds[1];
        }
        s->n_terminals = 2;
}

static int listen_somewhere(struct sockaddr_un *ret, socklen_t *ret_size) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        *ret_size = sizeof(*ret);
        fuzz_check(fd >= 0 && bind(fd, (struct sockaddr *) ret, sizeof(sa_family_t)) == 0 && listen(fd, 4) == 0);
        fuzz_check(getsockname(fd, (struct sockaddr *) ret, ret_size) == 0);
        return fd;
}

static void hear(EventLoop *event, int client) {
        uint8_t packet[8192];

        for (int i = 0; i < 8 && event_run(event, 0) > 0; i++)
                ;
        while (recv(client, packet, sizeof(packet), MSG_DONTWAIT) > 0)
                ;
}

static void as_supervisor(FuzzInput *in) {
        char name[] = "web";
        MachinePlan plan = { .name = name };
        Supervisor s = { .plan = &plan, .record_dir = -1, .leader_fd = -1, .notify_fd = -1, .report_fd = -1, .launched = true,
                         .stop.helper = -1 };
        int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), guests[2];
        struct sockaddr_un address;
        socklen_t size;

        fuzz_check(client >= 0 && event_loop_new(&s.event) >= 0);
        make_terminals(&s, guests);
        s.control_fd = listen_somewhere(&address, &size);
        fuzz_check(control_server_start(&s, NULL) >= 0 && connect(client, (struct sockaddr *) &address, size) == 0);
        while (in->size > 0) {
                const uint8_t *packet;
                size_t n = fuzz_byte(in);

                n = fuzz_bytes(in, n, &packet);
                /* These reach into the kernel or into the guest, and not into what was said. */
                if (memmem(packet, n, "stop", 4) || memmem(packet, n, "freez", 5) || memmem(packet, n, "ports", 5))
                        break;
                if (send(client, packet, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                        break;
                (void) send(guests[0], packet, n, MSG_NOSIGNAL | MSG_DONTWAIT);
                hear(s.event, client);
        }
        close(client);
        hear(s.event, -1);
        for (int i = 0; i < 2; i++) {
                s.terminals[i] = terminal_free(s.terminals[i]);
                close(guests[i]);
        }
        event_loop_unref(s.event);
        close(s.control_fd);
}

void fuzz_control(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };

        if (fuzz_byte(&in) % 2)
                as_client(&in);
        else
                as_supervisor(&in);
}
