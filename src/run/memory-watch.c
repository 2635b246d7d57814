/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory-watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "clock.h"
#include "event-log.h"
#include "log.h"
#include "supervisor.h"
#include "text.h"

/* The kernel says that memory.events has changed, and also each time that memory is given back at a limit, which a guest can make happen
 * without end. So after each look we rest, and what is said is said ever more seldom while it goes on: the log and the events are the
 * host's.
 *
 * Whose limit it was: `oom` of memory.events.local counts in the one group whose limit was reached, so it has grown in the machine's own
 * group or in the guest's where it was the machine's limit. Of limits that the guest has set below, `oom` grows in the guest's group
 * without being its own. Where it has grown nowhere, nobody in here is to blame; but those that are killed together are counted one by
 * one, and what comes just behind a kill belongs to it. */

#define REST_USEC (1 * UINT64_C(1000000))
#define PAUSE_MIN_USEC (1 * UINT64_C(1000000))
#define PAUSE_MAX_USEC (300 * UINT64_C(1000000))
#define QUIET_USEC (600 * UINT64_C(1000000)) /* after which it is told at once again */
#define JUST_NOW_USEC (3 * UINT64_C(1000000)) /* from a kill to the end of init that it was, on a host that is busy */

static uint64_t limit_of(const Supervisor *s) {
        const MemoryWatch *w = &s->memory;
        uint64_t guests = cgroup_memory_max(s->cgroup), own = w->own ? cgroup_memory_max(w->own) : UINT64_MAX;

        return own < guests ? own : guests;
}

static uint64_t reached(const char *group) {
        CgroupMemoryEvents local;

        cgroup_memory_events_local(group, &local);
        return local.oom;
}

static bool killed_just_now(const MemoryWatch *w) {
        return w->killed_usec > 0 && clock_usec(CLOCK_MONOTONIC) - w->killed_usec <= JUST_NOW_USEC;
}

static OomCause find_cause(Supervisor *s, const CgroupMemoryEvents *now) {
        MemoryWatch *w = &s->memory;
        uint64_t limit = reached(s->cgroup), own_limit = w->own ? reached(w->own) : 0;
        OomCause cause = OOM_CAUSE_HOST;

        if (limit > w->limit || own_limit > w->own_limit)
                cause = OOM_CAUSE_LIMIT;
        else if (now->oom != w->seen.oom)
                cause = OOM_CAUSE_INSIDE;
        else if (killed_just_now(w))
                cause = w->cause;

        w->limit = limit;
        w->own_limit = own_limit;
        return cause;
}

static void tell(Supervisor *s) {
        MemoryWatch *w = &s->memory;
        MachineRecord *rec = s->record;
        char why[OOM_CAUSE_TEXT_MAX], kills[16], limit[24];

        oom_cause_text(w->cause, rec->memory_kill_limit ?: UINT64_MAX, why);
        log_warning("Machine %s: %u %s killed for want of memory (%s)", s->plan->name, w->untold,
                    w->untold == 1 ? "process was" : "processes were", why);
        snprintf(kills, sizeof(kills), "%u", w->untold);
        snprintf(limit, sizeof(limit), "%" PRIu64, rec->memory_kill_limit);
        event_log(EVENT_MEMORY_KILL, s->plan->name, "kills", kills, "cause", oom_cause_word(w->cause),
                  "limit", rec->memory_kill_limit ? limit : NULL, NULL);
        w->untold = 0;
        w->told_usec = clock_usec(CLOCK_MONOTONIC);
}

static int on_tell(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        s->memory.tell = event_source_free(s->memory.tell);
        if (s->memory.untold > 0)
                tell(s);
        return 0;
}

/* Now, or when enough time has gone by since the last time. */
static void tell_in_time(Supervisor *s) {
        MemoryWatch *w = &s->memory;
        uint64_t since = clock_usec(CLOCK_MONOTONIC) - w->told_usec;

        if (w->told_usec == 0 || since > QUIET_USEC)
                w->pause_usec = PAUSE_MIN_USEC;
        else if (w->tell)
                return;
        else {
                w->pause_usec = w->pause_usec * 2 < PAUSE_MAX_USEC ? w->pause_usec * 2 : PAUSE_MAX_USEC;
                if (since < w->pause_usec && event_add_time_relative(s->event, &w->tell, w->pause_usec - since,
                                                                        on_tell, s) >= 0)
                        return;
        }
        tell(s);
}

static void stop_if_told_to(Supervisor *s) {
        OomPolicy policy;

        if (s->memory.cause == OOM_CAUSE_INSIDE || s->stop.asked)
                return;
        if (oom_policy_in_force(s->cgroup, &policy) < 0 || policy != OOM_POLICY_STOP)
                return;
        log_warning("Machine %s is powered off, as OOMPolicy=stop has it", s->plan->name);
        s->memory.stopping = supervisor_stop(s, INIT_POWEROFF) >= 0;
}

/* Whether processes were killed since the last look. */
static bool look(Supervisor *s) {
        MemoryWatch *w = &s->memory;
        CgroupMemoryEvents now;
        uint64_t kills;

        if (cgroup_memory_events_read(w->events, &now) < 0)
                return false;
        kills = now.oom_kill - w->seen.oom_kill;
        if (kills > 0) {
                MachineRecord *rec = s->record;
                uint64_t limit;

                w->cause = find_cause(s, &now);
                limit = w->cause == OOM_CAUSE_LIMIT ? limit_of(s) : 0;
                w->killed_usec = clock_usec(CLOCK_MONOTONIC);
                w->untold += (unsigned) kills;
                rec->memory_kills += (uint32_t) kills;
                rec->memory_killed_usec = clock_usec(CLOCK_REALTIME);
                if (limit < UINT64_MAX) /* of a group that has just gone it cannot be told any more */
                        rec->memory_kill_limit = limit;
                (void) string_set(&rec->memory_kill_cause, oom_cause_word(w->cause));
        }
        w->seen = now;
        return kills > 0;
}

static int on_rest_over(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        s->memory.rest = event_source_free(s->memory.rest);
        return event_source_set_enabled(s->memory.source, EVENT_ON);
}

static int on_events(EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        int r = event_add_time_relative(s->event, &s->memory.rest, REST_USEC, on_rest_over, s);

        if (r >= 0)
                r = event_source_set_enabled(source, EVENT_OFF);
        if (r < 0)
                return r;
        if (look(s)) {
                (void) supervisor_save_record(s, NULL);
                tell_in_time(s);
                stop_if_told_to(s);
        }
        return 0;
}

void memory_watch_begin(Supervisor *s) {
        _cleanup_close_ int events = s->cgroup ? cgroup_memory_events_open(s->cgroup) : -ENOENT;
        MemoryWatch *w = &s->memory;

        if (events < 0 || cgroup_memory_events_read(events, &w->seen) < 0)
                return;
        w->own = oom_own_group(s->cgroup);
        if (!w->own || strcmp(w->own, s->cgroup) == 0)
                w->own = (free(w->own), NULL);
        w->own_limit = w->own ? reached(w->own) : 0; /* a slice of the administrator's may have been there before */
        if (event_add_io(s->event, &w->source, events, EPOLLPRI, on_events, s) < 0)
                return;
        w->events = TAKE_FD(events);
        event_source_set_io_fd_own(w->source, true);
}

void memory_watch_end(Supervisor *s) {
        MemoryWatch *w = &s->memory;

        if (!w->source)
                return;
        if (look(s) || w->untold > 0)
                tell(s);
        w->tell = event_source_free(w->tell);
        w->rest = event_source_free(w->rest);
        w->source = event_source_free(w->source);
        w->own = (free(w->own), NULL);
}

bool memory_watch_judge(Supervisor *s, MachineEnd *end) {
        MemoryWatch *w = &s->memory;
        char why[OOM_CAUSE_TEXT_MAX];

        if (!w->source)
                return false;
        (void) look(s);
        if (!w->stopping && !killed_just_now(w))
                return false;
        *end = (MachineEnd){ .kind = w->stopping ? END_MEMORY_STOP : END_MEMORY };
        snprintf(end->text, sizeof(end->text), "%s", oom_cause_text(w->cause, s->record->memory_kill_limit ?: UINT64_MAX, why));
        return true;
}
