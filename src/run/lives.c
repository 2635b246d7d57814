/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Between two lives.
 *
 * A machine that reboots keeps its name: the lock on its record's directory is an open file, and so is the socket that it is
 * controlled by. The supervisor carries both over, and where it is a service that systemd starts anew (so that nbox itself is
 * read anew as well), it leaves them with systemd meanwhile (sd_notify(3), FDSTORE=1; the unit has FileDescriptorStoreMax=). So
 * nobody else gets the name, and who connects in between is answered by the next life. Where systemd does not start the service
 * again, it drops them, and the record is swept as a dead machine's. A unit without such a store loses both for a moment.
 *
 * A guest that reboots again and again (an init that panics, a tree without its modules, a watchdog) would burn the host's
 * processor unseen: after LOOP_LIVES short lives in a row that it ended itself, each further one waits, and it is said. It is
 * never refused for good: what is broken may be mended in the tree or the settings, which are read after the pause. The count is
 * in the record, so that it goes with the name. */

#include "lives.h"

#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "fd.h"
#include "libsystemd.h"
#include "log.h"
#include "network.h"
#include "process.h"
#include "text.h"

#define QUICK_USEC (10 * UINT64_C(1000000))
#define NEVER_UP_USEC (60 * UINT64_C(1000000)) /* longer than this it was an upgrade, and no loop, that rebooted before it was up */
#define LOOP_LIVES 5
#define PAUSE_MAX_SEC 30
#define BARRIER_USEC (5 * UINT64_C(1000000))

#define CLAIM_NAME "nbox-claim"
#define CONTROL_NAME "nbox-control"
#define CREDENTIALS_NAME "nbox-credentials"

static void take(int *fd, int value) {
        close_fd(*fd);
        *fd = value;
}

void lives_receive(Lives *lives) {
        _cleanup_strv_ char **names = NULL;
        int n = sd_listen_fds_with_names(1, &names);

        for (int i = 0; i < n; i++)
                if (strcmp(names[i], CLAIM_NAME) == 0)
                        take(&lives->claim, SD_LISTEN_FDS_START + i);
                else if (strcmp(names[i], CONTROL_NAME) == 0)
                        take(&lives->control, SD_LISTEN_FDS_START + i);
                else if (strcmp(names[i], CREDENTIALS_NAME) == 0)
                        take(&lives->credentials, SD_LISTEN_FDS_START + i);
        if (n > 0) {
                (void) sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" CLAIM_NAME);
                (void) sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" CONTROL_NAME);
                (void) sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" CREDENTIALS_NAME);
        }
}

static void store(const char *name, int fd) {
        char state[64];

        snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
        (void) sd_pid_notify_with_fds(0, 0, state, &fd, 1);
}

void lives_leave_with_systemd(Lives *lives) {
        if (lives->control >= 0)
                store(CONTROL_NAME, lives->control);
        if (lives->claim >= 0)
                store(CLAIM_NAME, lives->claim);
        if (lives->credentials >= 0)
                store(CREDENTIALS_NAME, lives->credentials);
        (void) sd_notify_barrier(0, BARRIER_USEC); /* systemd has them before we end and close ours */
        lives->claim = close_fd(lives->claim);
        lives->control = close_fd(lives->control);
        lives->credentials = close_fd(lives->credentials);
}

void lives_keep(Lives *lives, Supervisor *s) {
        lives->claim = TAKE_FD(s->record_dir);
        lives->control = TAKE_FD(s->control_fd);
}

void lives_end(Lives *lives) {
        _cleanup_free_ char *path = NULL;
        const char *name = NULL;

        if (lives->claim >= 0 && fd_path(lives->claim, &path) >= 0)
                name = strrchr(path, '/');
        if (name && record_is_claim(lives->claim, name + 1)) {
                (void) network_forget(name + 1, NULL);
                (void) record_remove(lives->claim, name + 1);
        }
        lives->claim = close_fd(lives->claim);
        lives->control = close_fd(lives->control);
        lives->credentials = close_fd(lives->credentials);
}

static void inherit_counts(Supervisor *s) {
        _cleanup_(record_freep) MachineRecord *before = NULL;
        char boot[33];

        if (record_load(s->plan->name, &before, NULL) < 0 || boot_id(boot) < 0 || strcmp(boot, before->boot_id) != 0)
                return;
        s->record->reboots = before->reboots;
        s->record->quick_reboots = before->quick_reboots;
        s->record->health_restarts = before->health_restarts;
}

int lives_begin(Lives *lives, Supervisor *s, Error **reterr) {
        if (lives->claim >= 0 && !record_is_claim(lives->claim, s->plan->name))
                lives_end(lives);
        if (lives->claim < 0) {
                s->record_dir = record_claim(s->plan->name, reterr);
                return s->record_dir < 0 ? s->record_dir : 0;
        }
        s->record_dir = TAKE_FD(lives->claim);
        s->control_fd = TAKE_FD(lives->control);
        inherit_counts(s);
        return 0;
}

/* Its guest wanted it, and soon: that what was asked for from outside is not a loop. */
static bool was_quick(const Supervisor *s) {
        return !s->stop.asked && clock_usec(CLOCK_MONOTONIC) - s->launched_usec < (s->up ? QUICK_USEC : NEVER_UP_USEC);
}

static unsigned pause_seconds(unsigned quick) {
        unsigned doublings = quick - LOOP_LIVES;

        if (quick < LOOP_LIVES)
                return 0;
        return doublings < 5 && 1U << doublings < PAUSE_MAX_SEC ? 1U << doublings : PAUSE_MAX_SEC;
}

/* Only the name is held now: nothing is left for a sweep but the record itself. */
static int write_record(Supervisor *s, unsigned seconds, Error **reterr) {
        _cleanup_(record_freep) MachineRecord *rec = record_new(), *old = s->record;

        s->record = NULL;
        if (!rec || string_set(&rec->name, old->name) < 0 || string_set(&rec->root, old->root) < 0 ||
            string_set(&rec->init, old->init) < 0 || string_set(&rec->os, old->os) < 0 || string_set(&rec->unit, old->unit) < 0) {
                s->record = TAKE_PTR(old);
                return error_oom(reterr);
        }
        memcpy(rec->id, old->id, sizeof(rec->id));
        memcpy(rec->boot_id, old->boot_id, sizeof(rec->boot_id));
        rec->mode = old->mode;
        rec->supervisor = old->supervisor;
        rec->started_usec = old->started_usec;
        rec->reboots = old->reboots;
        rec->quick_reboots = old->quick_reboots;
        rec->health_restarts = s->stop.for_health ? old->health_restarts : 0;
        rec->next_start_usec = seconds > 0 ? clock_usec(CLOCK_REALTIME) + seconds * UINT64_C(1000000) : 0;
        s->record = TAKE_PTR(rec);
        return supervisor_save_state(s, MACHINE_REBOOTING, reterr);
}

static void say_loop(const Supervisor *s, unsigned seconds) {
        unsigned quick = s->record->quick_reboots;

        log_warning("Machine %s reboots in a loop: %u times in a row it asked for a reboot soon after its start. "
                    "It is started again in %u s; `nbox poweroff %s` ends it", s->plan->name, quick, seconds, s->plan->name);
        (void) sd_notifyf(0, "STATUS=Machine %s reboots in a loop (%u times): the next start is in %u s", s->plan->name, quick, seconds);
}

/* The loop of the life that ended cannot be run again. */
static int renew_loop(Supervisor *s, Error **reterr) {
        int r;

        s->bus_watch = bus_watch_free(s->bus_watch);
        s->event = event_loop_unref(s->event);
        r = event_loop_new(&s->event);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make an event loop");
        s->listens = false;
        return supervisor_listen(s, reterr);
}

static int wait_for(Supervisor *s, unsigned seconds, Error **reterr) {
        uint64_t end = clock_deadline(seconds * UINT64_C(1000000)), now;
        int r;

        supervisor_hear(s);
        while (!supervisor_is_cancelled(s) && (now = clock_usec(CLOCK_MONOTONIC)) < end) {
                r = event_run(s->event, end - now);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot wait for the next start of machine '%s'", s->plan->name);
        }
        if (!supervisor_is_cancelled(s))
                return 0;
        s->reboot = false;
        (void) sd_notify(0, "STOPPING=1");
        return 1;
}

int lives_pass(Supervisor *s, Error **reterr) {
        unsigned seconds;
        int r;

        s->record->reboots++;
        s->record->quick_reboots = was_quick(s) ? s->record->quick_reboots + 1 : 0;
        seconds = pause_seconds(s->record->quick_reboots);
        s->stop.asked = false;
        r = write_record(s, seconds, reterr);
        if (r >= 0)
                r = renew_loop(s, reterr);
        if (r < 0)
                return r;
        if (seconds > 0)
                say_loop(s, seconds);
        return wait_for(s, seconds, reterr);
}
