/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "many-units.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "boot-wait.h"
#include "host-config.h"
#include "log.h"
#include "record.h"
#include "registration.h"
#include "start-order.h"
#include "status-line.h"
#include "unit-job.h"
#include "unit.h"

#define STOPS_AT_ONCE 16 /* an end is mostly waited for */
#define TICK_USEC (200 * UINT64_C(1000))

/* ---- one ---- */

static int start_alone(sd_bus *bus, const char *name, Error **reterr) {
        _cleanup_free_ char *unit = machine_service_name(name);
        BootWait wait;
        JobHook hook = { boot_wait_tick, &wait };
        int r;

        if (!unit)
                return error_oom(reterr);
        boot_wait_begin(&wait, name, false);
        r = unit_start(bus, unit, &hook, reterr);
        boot_wait_end(&wait, r == 0);
        return r > 0 ? 128 + SIGINT : r;
}

/* The machine's supervisor may be in the service that `boot -d` made, or in none. */
static int unit_by_record(const char *name, char **ret, Error **reterr) {
        _cleanup_(record_freep) MachineRecord *record = NULL;
        int r = record_load(name, &record, reterr);

        if (r < 0)
                return r;
        if (record->unit) {
                *ret = strdup(record->unit);
                return *ret ? 0 : error_oom(reterr);
        }
        error_set(reterr, EOPNOTSUPP, "'%s' is running, but not as a service: it was started on a terminal", name);
        return error_hint(reterr, -EOPNOTSUPP, "`nbox poweroff %s` ends it.", name);
}

/* What is to be stopped. *ret is the caller's. */
static int unit_that_runs(sd_bus *bus, const char *name, char **ret, Error **reterr) {
        _cleanup_free_ char *unit = machine_service_name(name), *state = NULL;
        int r = unit ? unit_active_state(bus, unit, &state, reterr) : error_oom(reterr);

        if (r < 0)
                return r;
        if (strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0)
                return unit_by_record(name, ret, reterr);
        *ret = TAKE_PTR(unit);
        return 0;
}

static int stop_alone(sd_bus *bus, const char *name, Error **reterr) {
        _cleanup_free_ char *unit = NULL;
        int r = unit_that_runs(bus, name, &unit, reterr);

        return r < 0 ? r : unit_stop(bus, unit, reterr);
}

/* ---- many ---- */

typedef struct Work {
        const char *name;
        UnitJob *job; /* while it is under way */
        bool begun, over;
} Work;

typedef struct Many {
        sd_bus *bus;
        bool stop;
        size_t parallel;
        StartOrder order;
        Work *work;
        size_t n, n_running, n_over, n_failed;
        StatusLine line;
        int signals; /* signalfd, or -1 */
        sigset_t mask;
} Many;

static void take_signals(Many *m) {
        sigset_t set;

        m->signals = -1;
        if (!isatty(STDERR_FILENO))
                return;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &set, &m->mask);
        m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (m->signals < 0)
                (void) sigprocmask(SIG_SETMASK, &m->mask, NULL);
}

static void many_done(Many *m) {
        status_line_erase(&m->line);
        for (size_t i = 0; i < m->n; i++)
                unit_job_free(m->work[i].job);
        free(m->work);
        start_order_done(&m->order);
        if (m->signals >= 0) {
                close(m->signals);
                (void) sigprocmask(SIG_SETMASK, &m->mask, NULL);
        }
}

static void end_one(Many *m, Work *w, int r, Error *error) {
        w->over = true;
        m->n_over++;
        if (r >= 0)
                return;
        m->n_failed++;
        status_line_erase(&m->line);
        log_report(LOG_LEVEL_ERROR, r, error);
}

static void begin_one(Many *m, Work *w) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *unit = NULL;
        int r;

        w->begun = true;
        if (m->stop)
                r = unit_that_runs(m->bus, w->name, &unit, &error);
        else
                r = (unit = machine_service_name(w->name)) ? 0 : error_oom(&error);
        if (r >= 0)
                r = (m->stop ? unit_job_stop : unit_job_start)(m->bus, unit, &w->job, &error);
        if (r < 0)
                end_one(m, w, r, error);
        else
                m->n_running++;
}

/* One that it comes after, or, of a stop, that comes after it, is not done yet. */
static bool has_to_wait(const Many *m, const Work *w) {
        for (size_t i = 0; i < m->n; i++) {
                const Work *o = m->work + i;

                if (!o->over && o != w && start_order_is_before(&m->order, m->stop ? w->name : o->name, m->stop ? o->name : w->name))
                        return true;
        }
        return false;
}

static void begin_some(Many *m) {
        for (size_t i = 0; i < m->n && m->n_running < m->parallel; i++)
                if (!m->work[i].begun && !has_to_wait(m, m->work + i))
                        begin_one(m, m->work + i);
}

static void end_some(Many *m) {
        for (size_t i = 0; i < m->n; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                Work *w = m->work + i;
                int r;

                if (!w->job || !unit_job_is_over(w->job))
                        continue;
                r = unit_job_end(w->job, &error);
                w->job = unit_job_free(w->job);
                m->n_running--;
                end_one(m, w, r, error);
        }
}

static void show(Many *m) {
        const char *now = "";

        for (size_t i = 0; i < m->n && !*now; i++)
                if (m->work[i].job)
                        now = m->work[i].name;
        if (m->line.columns > 0)
                status_line_show(&m->line, "%zu of %zu machines %s, waiting for %s%s (^C leaves those to themselves)", m->n_over - m->n_failed, m->n,
                                 m->stop ? "have ended" : "are up", now, m->n_running > 1 ? " and others" : "");
}

static bool is_interrupted(const Many *m) {
        struct signalfd_siginfo si;

        return m->signals >= 0 && read(m->signals, &si, sizeof(si)) == sizeof(si);
}

static int say_interrupted(Many *m) {
        size_t left = 0;

        for (size_t i = 0; i < m->n; i++)
                left += !m->work[i].begun;
        status_line_erase(&m->line);
        log_info("%zu of %zu machines %s, %zu are on their way; the other %zu were not asked to", m->n_over - m->n_failed, m->n,
                 m->stop ? "have ended" : "are up", m->n_running, left);
        return 128 + SIGINT;
}

static int work_on(Many *m, Error **reterr) {
        while (m->n_over < m->n) {
                int r;

                begin_some(m);
                if (m->n_running == 0 && m->n_over < m->n) { /* each waits for another one: a circle, of somebody else's making */
                        for (size_t i = 0; i < m->n; i++)
                                if (!m->work[i].begun)
                                        begin_one(m, m->work + i);
                        continue;
                }
                show(m);
                r = unit_jobs_process(m->bus, TICK_USEC, reterr);
                if (r < 0)
                        return r;
                end_some(m);
                if (is_interrupted(m))
                        return say_interrupted(m);
        }
        return m->n_failed > 0 ? EXIT_FAILURE : 0;
}

static size_t starts_at_once(void) {
        HostConfig host;

        return host_parallel_starts(host_config_load(&host, NULL) < 0 ? &(HostConfig){} : &host);
}

static int do_many(sd_bus *bus, char *const *names, size_t n, bool stop, Error **reterr) {
        _cleanup_(many_done) Many m = { .bus = bus, .stop = stop, .line = status_line(), .signals = -1 };
        int r = start_order_load(NULL, 0, &m.order, reterr);

        if (r < 0)
                return r;
        m.work = calloc(n, sizeof(*m.work));
        if (!m.work)
                return error_oom(reterr);
        m.parallel = stop ? STOPS_AT_ONCE : starts_at_once();
        for (; m.n < n; m.n++)
                m.work[m.n].name = names[m.n];
        take_signals(&m);
        return work_on(&m, reterr);
}

int many_units_start(sd_bus *bus, char *const *names, Error **reterr) {
        size_t n = strv_length(names);

        return n == 1 ? start_alone(bus, *names, reterr) : do_many(bus, names, n, false, reterr);
}

int many_units_stop(sd_bus *bus, char *const *names, Error **reterr) {
        size_t n = strv_length(names);

        return n == 1 ? stop_alone(bus, *names, reterr) : do_many(bus, names, n, true, reterr);
}
