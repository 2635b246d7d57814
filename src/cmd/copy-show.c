/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-show.h"

#include <inttypes.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "clock.h"
#include "log.h"
#include "text.h"

#define SHOW_USEC (200 * 1000)

static bool is_cancelled(void *userdata) {
        const CopyShow *s = userdata;

        return poll(&(struct pollfd){ .fd = s->signals, .events = POLLIN }, 1, 0) > 0;
}

static void show(const CopyProgress *p, void *userdata) {
        char done[SIZE_TEXT_MAX], all[SIZE_TEXT_MAX];
        uint64_t now = clock_usec(CLOCK_MONOTONIC);
        CopyShow *s = userdata;

        if (now - s->shown_usec < SHOW_USEC)
                return;
        s->shown_usec = now;
        status_line_show(&s->line, "%s of %s, %" PRIu64 " of %" PRIu64 " files", size_text(p->bytes, done), size_text(s->watch.expected, all),
                         p->files, s->files);
}

int copy_show_begin(CopyShow *s, const char *what, uint64_t bytes, uint64_t files, Error **reterr) {
        char size[SIZE_TEXT_MAX];
        sigset_t set;

        *s = (CopyShow){ .line = status_line(), .files = files };
        s->watch = (CopyWatch){ .is_cancelled = is_cancelled, .show = show, .userdata = s, .expected = bytes };
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &set, &s->old);
        s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (s->signals < 0) {
                (void) sigprocmask(SIG_SETMASK, &s->old, NULL);
                return error_errno(reterr, errno, "Cannot watch for signals");
        }
        if (bytes > 0)
                log_info("Copying %s: %s in %" PRIu64 " file%s", what, size_text(bytes, size), files, files == 1 ? "" : "s");
        return 0;
}

void copy_show_end(CopyShow *s) {
        struct signalfd_siginfo si;

        if (s->signals <= 0)
                return;
        status_line_erase(&s->line);
        while (read(s->signals, &si, sizeof(si)) == sizeof(si)) /* they have had their effect */
                ;
        s->signals = close_fd(s->signals);
        (void) sigprocmask(SIG_SETMASK, &s->old, NULL);
}
