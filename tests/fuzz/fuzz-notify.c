/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event-loop.h"
#include "supervisor.h"

/* Datagrams on a machine's notify socket, a byte of their size before each. READY=1 of whoever is not its PID 1 changes nothing. */

void fuzz_notify(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        char name[] = "web";
        MachinePlan plan = { .name = name };
        Supervisor s = { .plan = &plan, .leader = 1, .record_dir = -1, .leader_fd = -1, .report_fd = -1, .control_fd = -1, .stop.helper = -1 };
        int fds[2], on = 1;

        fuzz_check(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) == 0 && setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
        s.notify_fd = fds[0];
        fuzz_check(event_loop_new(&s.event) >= 0 && supervisor_watch_notify(&s) >= 0);
        for (int n = 0; n < 64 && in.size > 0; n++) {
                const uint8_t *packet;
                size_t length = 16 * (size_t) fuzz_byte(&in);

                length = fuzz_bytes(&in, length, &packet);
                if (send(fds[1], packet, length, MSG_DONTWAIT) < 0)
                        break;
                (void) event_run(s.event, 0);
        }
        fuzz_check(!s.up);
        supervisor_close_notify(&s);
        event_loop_unref(s.event);
        close(fds[1]);
}
