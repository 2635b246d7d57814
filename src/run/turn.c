/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "turn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "host-config.h"
#include "libsystemd.h"
#include "log.h"
#include "machine-order.h"
#include "registration.h"
#include "start-queue.h"
#include "supervisor.h"
#include "text.h"
#include "unit.h"

#define MACHINES_TARGET "machines.target"
#define TURN_USEC (30 * UINT64_C(1000000))

struct Turn {
        StartTicket *ticket;
        unsigned parallel;
        bool come;               /* it may start */
        EventSource *source; /* what tells that it might have come; then the time that it is over at */
};

static Turn *turn_free(Turn *t) {
        if (!t)
                return NULL;
        event_source_free(t->source);
        start_ticket_free(t->ticket);
        free(t);
        return NULL;
}

void turn_end(Supervisor *s) {
        s->turn = turn_free(s->turn);
}

/* It starts because the host does, or all machines together. */
static bool starts_with_others(const Supervisor *s) {
        _cleanup_free_ char *service = machine_service_name(s->plan->name);

        return s->bus && s->unit && s->record->reboots == 0 && service && strcmp(s->unit, service) == 0 &&
                unit_has_job(s->bus, MACHINES_TARGET, NULL) > 0;
}

/* For `list`, `status` and `systemctl status`. */
static int say(Supervisor *s, const char *what, Error **reterr) {
        if (string_set(&s->record->waiting_for, what) < 0)
                return error_oom(reterr);
        if (what)
                (void) sd_notifyf(0, "STATUS=Machine %s waits for %s", s->plan->name, what);
        return supervisor_save_record(s, reterr);
}

static int wait_for(Supervisor *s, const char *what, const bool *come, Error **reterr) {
        int r = say(s, what, reterr);

        s->waited = true;
        while (r >= 0 && !*come && !supervisor_is_cancelled(s)) {
                r = event_run(s->event, UINT64_MAX);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot wait for %s", what);
        }
        return r < 0 ? r : say(s, NULL, reterr);
}

/* ---- its turn ---- */

static int look(Turn *t) {
        int r = start_ticket_may_go(t->ticket, t->parallel);

        if (r < 0) /* rather too many than none */
                log_debug("Cannot read " START_QUEUE_DIRECTORY ": %s, ignoring", strerror(-r));
        t->come = r != 0;
        return 0;
}

/* What has changed does not matter, only that something has. */
static int on_change(_unused_ EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        _Alignas(struct inotify_event) char buf[4096];

        while (read(fd, buf, sizeof(buf)) > 0)
                ;
        return look(userdata);
}

static int watch_queue(Supervisor *s) {
        _cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        int r;

        if (fd < 0 || inotify_add_watch(fd, START_QUEUE_DIRECTORY, START_QUEUE_EVENTS) < 0)
                return -errno;
        r = event_add_io(s->event, &s->turn->source, fd, EPOLLIN, on_change, s->turn);
        if (r < 0)
                return r;
        event_source_set_io_fd_own(s->turn->source, true);
        TAKE_FD(fd);
        return 0;
}

static int on_over(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        turn_end(userdata);
        return 0;
}

static int queue_up(Supervisor *s, Error **reterr) {
        HostConfig host;
        int r = host_config_load(&host, reterr);

        if (r < 0)
                return r;
        s->turn = calloc(1, sizeof(*s->turn));
        if (!s->turn)
                return error_oom(reterr);
        s->turn->parallel = host_parallel_starts(&host);
        r = start_ticket_take(s->plan->name, &s->turn->ticket, reterr);
        if (r < 0)
                return r;
        r = watch_queue(s);
        return r < 0 ? error_errno(reterr, r, "Cannot watch " START_QUEUE_DIRECTORY) : look(s->turn);
}

static int wait_in_queue(Supervisor *s, Error **reterr) {
        char what[64];
        int r = queue_up(s, reterr);

        if (r < 0)
                return r;
        snprintf(what, sizeof(what), "its turn: %u start at once", s->turn->parallel);
        if (!s->turn->come)
                r = wait_for(s, what, &s->turn->come, reterr);
        s->turn->source = event_source_free(s->turn->source);
        if (r >= 0 && event_add_time_relative(s->event, &s->turn->source, TURN_USEC, on_over, s) < 0)
                turn_end(s);
        return r;
}

/* ---- its delay ---- */

static int on_time(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        *(bool *) userdata = true;
        return 0;
}

static int wait_delay(Supervisor *s, Error **reterr) {
        _cleanup_(machine_order_done) MachineOrder order = {};
        _cleanup_free_ char *delay = NULL, *what = NULL;
        EventSource *source = NULL;
        bool over = false;
        int r = machine_order_load(s->plan->name, &order, reterr);

        if (r < 0 || order.delay_usec == 0)
                return r;
        delay = machine_order_delay(&order);
        if (!delay || asprintf(&what, "its delay of %s", delay) < 0)
                return error_oom(reterr);
        r = event_add_time_relative(s->event, &source, order.delay_usec, on_time, &over);
        if (r < 0)
                return error_errno(reterr, r, "Cannot set a timer");
        r = wait_for(s, what, &over, reterr);
        event_source_free(source);
        return r;
}

void turn_wait(Supervisor *s) {
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (!starts_with_others(s))
                return;
        r = wait_delay(s, &error);
        if (r >= 0 && !supervisor_is_cancelled(s))
                r = wait_in_queue(s, &error);
        if (r >= 0)
                return;
        /* Too soon is better than not at all. */
        log_warning("%s: the machine does not wait for its turn", error ? error->message : strerror(-r));
        turn_end(s);
}
