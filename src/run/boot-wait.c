/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot-wait.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "machine.h"

#define LINE_COLUMNS_MAX 200

static int terminal_columns(void) {
        const char *term = getenv("TERM");
        struct winsize size = {};

        if (!isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0)
                return 0;
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return 80;
        return size.ws_col < LINE_COLUMNS_MAX ? size.ws_col : LINE_COLUMNS_MAX;
}

void boot_wait_begin(BootWait *w, const char *machine, bool quiet) {
        sigset_t set;

        *w = (BootWait){ .machine = machine, .quiet = quiet, .columns = terminal_columns(), .began = clock_usec(CLOCK_MONOTONIC),
                         .signals = -1 };
        if (!isatty(STDERR_FILENO))
                return;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &set, &w->mask);
        w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (w->signals < 0)
                (void) sigprocmask(SIG_SETMASK, &w->mask, NULL);
}

static void erase(BootWait *w) {
        if (w->painted)
                fputs("\r\x1b[K", stderr);
        w->painted = false;
}

/* As many bytes of UTF-8 as fit in a line, a byte a column at the most. */
static void paint(BootWait *w, uint64_t seconds) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        char text[LINE_COLUMNS_MAX * 2];
        int n;

        if (record_load(w->machine, &rec, NULL) < 0)
                return;
        snprintf(text, sizeof(text), "Machine %s: waiting for %s, %" PRIu64 " s (^C leaves it booting)", w->machine,
                 rec->waiting_for ?: "its start", seconds);
        n = w->columns - 1;
        while (n > 0 && ((unsigned char) text[strnlen(text, (size_t) n)] & 0xc0) == 0x80)
                n--;
        fprintf(stderr, "\r%.*s\x1b[K", n, text);
        w->painted = true;
        w->shown = seconds;
}

bool boot_wait_tick(void *userdata) {
        BootWait *w = userdata;
        uint64_t seconds = (clock_usec(CLOCK_MONOTONIC) - w->began) / 1000000;
        struct signalfd_siginfo si;

        if (w->signals >= 0 && read(w->signals, &si, sizeof(si)) == sizeof(si)) {
                w->left = true;
                return true;
        }
        if (w->columns > 0 && !w->quiet && seconds > w->shown)
                paint(w, seconds);
        return false;
}

static void say_what_it_waits_for(const BootWait *w) {
        _cleanup_(machine_freep) Machine *m = NULL;

        if (w->quiet || machine_open(w->machine, &m, NULL) < 0 || m->state != MACHINE_BOOTING)
                return;
        log_info("Machine %s still boots: it waits for %s", w->machine, m->record->waiting_for ?: "its start");
}

/* Without a record it may not have begun yet, or not be allowed. */
static void say_what_is_left(const BootWait *w) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;

        if (record_load(w->machine, &rec, NULL) < 0)
                log_info("The start of machine %s is no longer waited for; `nbox list` shows whether it runs", w->machine);
        else
                log_info("Machine %s is left booting; `nbox status %s` shows what it waits for", w->machine, w->machine);
}

void boot_wait_end(BootWait *w, bool up) {
        erase(w);
        if (w->signals >= 0) {
                w->signals = close_fd(w->signals);
                (void) sigprocmask(SIG_SETMASK, &w->mask, NULL);
        }
        if (w->left)
                say_what_is_left(w);
        else if (up)
                say_what_it_waits_for(w);
}
