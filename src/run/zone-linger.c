/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-linger.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "gc.h"
#include "log.h"
#include "network.h"

enum { LEFT = 3 };

/* Whoever waits for the end of what we were sees none of this: nothing of his is kept open, and no directory or terminal kept busy. */
static int let_go_but(int left) {
        int null;

        if (setsid() < 0 || chdir("/") < 0)
                return -errno;
        if (left != LEFT && dup3(left, LEFT, O_CLOEXEC) < 0)
                return -errno;
        (void) close_range(LEFT + 1, ~0U, 0);
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0)
                return -errno;
        for (int fd = 0; fd <= 2; fd++)
                (void) dup2(null, fd);
        return 0;
}

/* SIGTERM is blocked since the start (start.c): where a service manager ends what is left of a service, there is no time to lose. */
static _Noreturn void linger(int left) {
        if (let_go_but(left) < 0)
                _exit(1);
        network_linger(LEFT);
        _exit(gc_run(true, NULL, NULL) < 0);
}

void zone_linger_spawn(int left) {
        pid_t pid = fork();

        if (pid == 0)
                linger(left);
        if (pid < 0)
                log_warning("Cannot leave the zone to a process that takes it away: %s, ignoring", strerror(errno));
}
