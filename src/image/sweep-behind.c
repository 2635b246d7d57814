/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sweep-behind.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "log.h"
#include "process.h"
#include "store.h"

/* Whoever waits for the end of our output, or for our terminal, does not wait for this. */
static void leave(void) {
        int null = open("/dev/null", O_RDWR);

        for (int fd = 0; null >= 0 && fd < 3; fd++)
                if (dup2(null, fd) < 0)
                        _exit(EXIT_FAILURE);
        if (null < 0 || syscall(SYS_close_range, 3U, ~0U, 0) < 0 || setsid() < 0 || chdir("/") < 0)
                _exit(EXIT_FAILURE);
        process_reset_signals();
}

void store_sweep_behind(const Image *image) {
        pid_t pid = fork();

        if (pid < 0)
                log_warning("Cannot make a process to remove what was discarded: %s, leaving it to `nbox gc`", strerror(errno));
        if (pid == 0) {
                _cleanup_(store_freep) Store *s = NULL;

                leave();
                _exit(store_of_image(image, false, &s, NULL) < 0 || store_sweep(s, NULL) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        }
}
