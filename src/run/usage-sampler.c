/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A sample now and then of what the machine uses. It must not be felt: the first is taken some time after the start; it is a few reads of the
 * group's files and 48 bytes into a file in memory; and where nothing happens inside, nobody is woken to see that. Then the sampler rests until
 * something does: until the supervisor has to do with anything at all, or a process inside has waited for a processor, as each does now and then
 * that uses one (the kernel's pressure figures, which it tells us of by itself). What has been used in between is in the figures by then, and that
 * little happened shows in them, too. A kernel that does not tell is asked every five minutes. */

#include "usage-sampler.h"

#include "cgroup.h"
#include "clock.h"
#include "machine-usage.h"
#include "pressure.h"
#include "process.h"
#include "usage-history.h"

#define SECOND UINT64_C(1000000)
#define FIRST_USEC (15 * SECOND)
#define SHORTEST_USEC (60 * SECOND)
#define LONGEST_USEC (300 * SECOND)
#define STEP_USEC (60 * SECOND) /* by which it grows */

/* Of one CPU, in hundredths of a percent: what an init and its timers use when nothing happens. */
#define IDLE_RATE 50
#define IDLE_MEMORY_PART 16 /* by which its memory may have changed */

struct UsageSampler {
        Supervisor *supervisor;
        EventSource *timer;
        EventSource *activity; /* while it rests; NULL: the kernel does not tell */
        MachineUsage last;
        bool is_first;
        bool has_asked; /* the kernel, to tell */
        bool rests, has_settled; /* the loop has gone round since it rests */
        uint64_t sampled_usec;   /* CLOCK_MONOTONIC */
        uint64_t wait_usec;
};

static bool is_idle(const UsageSampler *u, const MachineUsage *now) {
        uint64_t rate = usage_rates(&u->last, now).cpu, change = now->memory > u->last.memory ? now->memory - u->last.memory : u->last.memory - now->memory;

        if (u->is_first)
                return false;
        if (now->memory != FIGURE_UNKNOWN && u->last.memory != FIGURE_UNKNOWN && change > now->memory / IDLE_MEMORY_PART)
                return false;
        return rate < IDLE_RATE;
}

static void wait_for(UsageSampler *u, uint64_t usec) {
        u->wait_usec = usec;
        (void) event_source_set_time_relative(u->timer, usec);
        (void) event_source_set_enabled(u->timer, EVENT_ONESHOT);
}

static void rest(UsageSampler *u) {
        u->rests = true;
        u->has_settled = false;
        (void) event_source_set_enabled(u->activity, EVENT_ON);
}

/* A sample at once, or a minute after the last. */
static void resume(UsageSampler *u) {
        u->rests = false;
        (void) event_source_set_enabled(u->activity, EVENT_OFF);
        (void) event_source_set_time(u->timer, u->sampled_usec + SHORTEST_USEC);
        (void) event_source_set_enabled(u->timer, EVENT_ONESHOT);
}

static int on_activity(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        resume(userdata);
        return 0;
}

/* The loop goes round once when we begin to rest, and then when anything has happened. */
static int on_round(_unused_ EventSource *source, void *userdata) {
        UsageSampler *u = userdata;

        if (u->rests && u->has_settled)
                resume(u);
        u->has_settled = true;
        return 0;
}

/* Where that is not to be had, it is done without. Not before the first rest: who has asked is let go, at the machine's end, only when a grace
 * period of the kernel's has gone by, which takes longer than all else of a short command's. */
static void watch_activity(UsageSampler *u) {
        _cleanup_close_ int cgroup = cgroup_open(u->supervisor->record->cgroup), fd = cgroup < 0 ? -1 : pressure_watch(cgroup, "cpu.pressure");

        u->has_asked = true;
        if (fd < 0 || event_add_io(u->supervisor->event, &u->activity, fd, EPOLLPRI, on_activity, u) < 0)
                return;
        event_source_set_io_fd_own(u->activity, true);
        TAKE_FD(fd);
        (void) event_source_set_enabled(u->activity, EVENT_OFF);
}

static int on_time(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        UsageSampler *u = userdata;
        const Machine m = { .record = u->supervisor->record, .leader_fd = u->supervisor->leader_fd, .state = MACHINE_RUNNING };
        MachineUsage now;
        bool idle;

        u->sampled_usec = clock_usec(CLOCK_MONOTONIC);
        if (machine_usage_read_few(&m, &now, NULL) < 0 || usage_history_add(u->supervisor->record_dir, &now) < 0) {
                wait_for(u, LONGEST_USEC); /* /run is full, or its group has gone */
                return 0;
        }
        process_give_back_memory(); /* the look has taken more than there is to do otherwise */
        idle = is_idle(u, &now);
        u->last = now;
        u->is_first = false;
        if (idle && !u->has_asked)
                watch_activity(u);
        if (!idle)
                wait_for(u, SHORTEST_USEC);
        else if (u->activity)
                rest(u);
        else
                wait_for(u, u->wait_usec + STEP_USEC < LONGEST_USEC ? u->wait_usec + STEP_USEC : LONGEST_USEC);
        return 0;
}

UsageSampler *usage_sampler_begin(Supervisor *s) {
        UsageSampler *u = s->record->cgroup ? calloc(1, sizeof(*u)) : NULL;

        if (!u)
                return NULL;
        u->supervisor = s;
        u->is_first = true;
        u->wait_usec = FIRST_USEC;
        if (event_add_time_relative(s->event, &u->timer, FIRST_USEC, on_time, u) < 0)
                return usage_sampler_end(u);
        event_source_set_prepare(u->timer, on_round);
        return u;
}

UsageSampler *usage_sampler_end(UsageSampler *u) {
        if (u) {
                event_source_free(u->timer);
                event_source_free(u->activity);
                free(u);
        }
        return NULL;
}
