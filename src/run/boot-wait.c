/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot-wait.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "machine.h"

void boot_wait_begin(BootWait *w, const char *machine, bool quiet) {
        sigset_t set;

        *w = (BootWait){ .machine = machine, .quiet = quiet, .line = status_line(), .began = clock_usec(CLOCK_MONOTONIC),
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

static void paint(BootWait *w, uint64_t seconds) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;

        if (record_load(w->machine, &rec, NULL) < 0)
                return;
        status_line_show(&w->line, "Machine %s: waiting for %s, %" PRIu64 " s (^C leaves it booting)", w->machine,
                         rec->waiting_for ?: "its start", seconds);
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
        if (w->line.columns > 0 && !w->quiet && seconds > w->shown)
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
        status_line_erase(&w->line);
        if (w->signals >= 0) {
                w->signals = close_fd(w->signals);
                (void) sigprocmask(SIG_SETMASK, &w->mask, NULL);
        }
        if (w->left)
                say_what_is_left(w);
        else if (up)
                say_what_it_waits_for(w);
}
