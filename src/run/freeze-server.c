/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "freeze-server.h"

#include <string.h>

#include "cgroup.h"
#include "clock.h"
#include "control-answer.h"
#include "freezer.h"
#include "libsystemd.h"
#include "registration.h"
#include "unit.h"

/* How long it takes to freeze is up to the guest, whose processes may wait in the kernel for something that never comes, as for a file system
 * that one of its own serves. So it is asked for, and the group says when it is so; what is not within FREEZER_WAIT_USEC is undone. That it goes
 * on again is seen there, too, whoever thawed it. */

#define WAITING_MAX 64
#define LOOK_AGAIN_USEC (1 * UINT64_C(1000000))

static void say_status(const Supervisor *s, const char *what) {
        if (s->up)
                (void) sd_notifyf(0, "STATUS=Machine %s is %s", s->plan->name, what);
}

/* To all who wait; r < 0: with what went wrong. */
static void tell_waiting(Supervisor *s, int r, const Error *e) {
        for (size_t i = 0; i < s->freezing.n_waiting; i++) {
                if (r < 0)
                        control_answer_error(s->freezing.waiting[i], r, e);
                else
                        (void) control_answer(s->freezing.waiting[i], "ok");
                close_fd(s->freezing.waiting[i]);
        }
        free(s->freezing.waiting);
        s->freezing.waiting = NULL;
        s->freezing.n_waiting = 0;
        s->freezing.late = event_source_free(s->freezing.late);
}

/* It goes on. */
static void has_thawed(Supervisor *s) {
        _cleanup_(error_freep) Error *error = NULL;

        if (!s->freezing.changes)
                return;
        s->freezing.changes = event_source_free(s->freezing.changes);
        s->freezing.stood_usec += clock_usec(CLOCK_MONOTONIC) - s->freezing.since;
        s->freezing.since = 0;
        error_set(&error, ECANCELED, "The machine '%s' was thawed before all of it stood still", s->plan->name);
        tell_waiting(s, -ECANCELED, error);
        say_status(s, s->record->ready ? "running" : "booting");
}

static int on_change(_unused_ EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        if (!cgroup_watch_is_frozen(fd)) {
                if (!s->freezing.late)
                        has_thawed(s);
                return 0;
        }
        if (!s->freezing.late)
                return 0;
        tell_waiting(s, 0, NULL);
        say_status(s, "frozen");
        return 0;
}

static int on_late(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        _cleanup_(error_freep) Error *error = NULL;
        Supervisor *s = userdata;

        error_set(&error, ETIMEDOUT, "The machine '%s' cannot be frozen: a process in it waits for the kernel. It goes on", s->plan->name);
        tell_waiting(s, -ETIMEDOUT, error);
        (void) freezer_let_go(s->plan->name, s->cgroup);
        has_thawed(s);
        return 0;
}

static int watch(Supervisor *s) {
        _cleanup_close_ int fd = cgroup_watch(s->cgroup);
        int r = fd;

        if (r >= 0)
                r = event_add_io(s->event, &s->freezing.changes, fd, EPOLLPRI, on_change, s);
        if (r >= 0)
                event_source_set_io_fd_own(s->freezing.changes, true);
        if (r >= 0) {
                TAKE_FD(fd);
                r = event_add_time_relative(s->event, &s->freezing.late, FREEZER_WAIT_USEC, on_late, s);
        }
        return r;
}

static int begin(Supervisor *s, Error **reterr) {
        int r = watch(s);

        s->freezing.since = clock_usec(CLOCK_MONOTONIC);
        if (r >= 0)
                r = cgroup_freeze(s->cgroup, true);
        if (r >= 0)
                return 0;
        s->freezing.changes = event_source_free(s->freezing.changes);
        s->freezing.late = event_source_free(s->freezing.late);
        return error_errno(reterr, r, "Cannot freeze the machine '%s'", s->plan->name);
}

/* A group that we are in, too, would be frozen with whoever is to thaw it. */
static bool can_be_frozen(const Supervisor *s) {
        _cleanup_free_ char *own = NULL;

        return s->cgroup && s->leader_fd >= 0 && cgroup_of(0, &own) >= 0 && !cgroup_is_below(own, s->cgroup);
}

int freeze_check(const Supervisor *s, Error **reterr) {
        if (!s->launched)
                return error_set(reterr, EAGAIN, "The machine '%s' is still starting", s->plan->name);
        if (s->freezing.connection)
                return error_set(reterr, EBUSY, "The machine '%s' is being held still already, for a copy of it", s->plan->name);
        if (!can_be_frozen(s))
                return error_set(reterr, EOPNOTSUPP, "The machine '%s' has no control group that can be frozen", s->plan->name);
        if (s->stop.asked)
                return error_set(reterr, EBUSY, "The machine '%s' has been asked to %s", s->plan->name,
                                 init_action_to_phrase(s->stop.action));
        return 0;
}

static int freeze(Supervisor *s, int fd, Error **reterr) {
        int r = freeze_check(s, reterr), *more;

        if (r < 0)
                return r;
        if (cgroup_is_frozen(s->cgroup))
                return control_answer(fd, "ok already");
        if (s->freezing.n_waiting >= WAITING_MAX)
                return error_set(reterr, EBUSY, "The machine '%s' is being frozen already", s->plan->name);
        more = reallocarray(s->freezing.waiting, s->freezing.n_waiting + 1, sizeof(int));
        if (!more)
                return error_oom(reterr);
        s->freezing.waiting = more;
        r = s->freezing.n_waiting == 0 ? begin(s, reterr) : 0;
        if (r < 0)
                return r;
        s->freezing.waiting[s->freezing.n_waiting++] = fd;
        return 1;
}

static int thaw(Supervisor *s, int fd, Error **reterr) {
        bool frozen;

        if (s->freezing.connection)
                return error_set(reterr, EBUSY, "The machine '%s' is being held still just now, for a copy of it", s->plan->name);
        frozen = s->cgroup && freezer_let_go(s->plan->name, s->cgroup);
        has_thawed(s);
        return control_answer(fd, frozen ? "ok" : "ok already");
}

int freeze_serve(Supervisor *s, const char *word, int fd, Error **reterr) {
        if (strcmp(word, "on") == 0)
                return freeze(s, fd, reterr);
        if (strcmp(word, "off") == 0)
                return thaw(s, fd, reterr);
        if (strcmp(word, "held") == 0)
                return control_answer(fd, s->freezing.connection && !s->freezing.stays ? "ok held" : "ok");
        return error_set(reterr, EINVAL, "There is no '%s' of the freezer", word);
}

void freeze_release(Supervisor *s) {
        _cleanup_free_ char *slice = NULL;

        has_thawed(s);
        if (!s->cgroup || !freezer_let_go(s->plan->name, s->cgroup) || !s->bus || !s->scope || cgroup_frozen_by(s->cgroup, NULL) >= 0)
                return;
        slice = machine_slice_name(s->plan->name);
        if (slice && s->plan->slice && strcmp(slice, s->plan->slice) == 0)
                unit_thaw_begin(s->bus, slice);
        unit_thaw_begin(s->bus, s->scope);
}

bool freeze_postpones(const Supervisor *s, EventSource *timer, uint64_t due) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        if (s->cgroup && cgroup_is_frozen(s->cgroup))
                due = now + LOOK_AGAIN_USEC;
        else
                due += s->freezing.stood_usec;
        return now < due && event_source_set_time(timer, due) >= 0 && event_source_set_enabled(timer, EVENT_ONESHOT) >= 0;
}
