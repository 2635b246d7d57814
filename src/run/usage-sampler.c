/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A sample now and then of what the machine uses. It must not be felt: the first is taken some time after the start; it is a few reads of the
 * group's files and 48 bytes into a file in memory; a host that sleeps is not woken for it at a moment of ours (the timer has slack, and
 * sd-event puts those of all supervisors of a host into the same moments); and the less the machine does, the rarer it is asked. */

#include "usage-sampler.h"

#include "machine-usage.h"
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
        MachineUsage last;
        bool is_first;
        uint64_t wait_usec;
};

static bool is_idle(const UsageSampler *u, const MachineUsage *now) {
        uint64_t rate = usage_rates(&u->last, now).cpu, change = now->memory > u->last.memory ? now->memory - u->last.memory : u->last.memory - now->memory;

        if (now->memory != FIGURE_UNKNOWN && u->last.memory != FIGURE_UNKNOWN && change > now->memory / IDLE_MEMORY_PART)
                return false;
        return rate < IDLE_RATE;
}

static uint64_t next_wait(const UsageSampler *u, const MachineUsage *now) {
        if (u->is_first || !is_idle(u, now))
                return SHORTEST_USEC;
        return u->wait_usec + STEP_USEC < LONGEST_USEC ? u->wait_usec + STEP_USEC : LONGEST_USEC;
}

static int on_time(EventSource *source, _unused_ uint64_t usec, void *userdata) {
        UsageSampler *u = userdata;
        const Machine m = { .record = u->supervisor->record, .leader_fd = u->supervisor->leader_fd, .state = MACHINE_RUNNING };
        MachineUsage now;

        if (machine_usage_read_few(&m, &now, NULL) >= 0 && usage_history_add(u->supervisor->record_dir, &now) >= 0) {
                u->wait_usec = next_wait(u, &now);
                u->last = now;
                u->is_first = false;
        } else /* /run is full, or its group has gone */
                u->wait_usec = LONGEST_USEC;
        if (event_source_set_time_relative(source, u->wait_usec) >= 0)
                (void) event_source_set_enabled(source, EVENT_ONESHOT);
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
        return u;
}

UsageSampler *usage_sampler_end(UsageSampler *u) {
        if (u) {
                event_source_free(u->timer);
                free(u);
        }
        return NULL;
}
