/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stop.h"

#include <signal.h>
#include <time.h>

#include "log.h"
#include "pidfd.h"

void supervisor_stop(Supervisor *s, StopKind how) {
        s->stopping = how;
        if (s->leader_fd >= 0)
                (void) pidfd_kill(s->leader_fd, SIGKILL);
}

void stop_forward_signal(Supervisor *s, int sig) {
        (void) pidfd_kill(s->leader_fd, sig);
}
