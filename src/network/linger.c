/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linger.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "lock-file.h"
#include "network-lock.h"
#include "network.h"

#define NAME "left"
#define LINGER_SECONDS 1

static int open_directory(void) {
        return open(NETWORK_RUN_DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int linger_begin(void) {
        _cleanup_close_ int dir = open_directory();

        return dir < 0 ? -errno : lock_file_take(dir, NAME, false);
}

void linger_end(void) {
        _cleanup_close_ int dir = open_directory();

        if (dir >= 0)
                (void) lock_file_sweep(dir, NAME);
}

bool network_is_left(void) {
        _cleanup_close_ int dir = open_directory();

        return dir >= 0 && faccessat(dir, NAME, F_OK, AT_SYMLINK_NOFOLLOW) >= 0 && !lock_file_is_held(dir, NAME);
}

void network_linger(int left) {
        const struct timespec moment = { .tv_sec = LINGER_SECONDS };
        _cleanup_close_ int lock = -1;
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        (void) sigtimedwait(&set, NULL, &moment);
        lock = network_lock(NULL); /* whoever has found us waiting has left before, and what he has left is swept */
        (void) unlink(NETWORK_RUN_DIRECTORY "/" NAME);
        close_fd(left);
}
