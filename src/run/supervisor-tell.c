/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "event-log.h"
#include "init.h"
#include "supervisor.h"

/* What a machine's life is to those who watch (event-log.h): a line when its record says something new, and one for its end, which is
 * written when all is undone and just before the record goes: whoever sees the record go has read it. */

static const char *action_of(const Supervisor *s) {
        return s->stop.asked ? init_action_to_string(s->stop.action) : NULL;
}

static void tell_lives(const Supervisor *s, EventKind kind) {
        char number[16];

        snprintf(number, sizeof(number), "%u", s->record->reboots);
        event_log(kind, s->record->name, "reboots", s->record->reboots > 0 ? number : NULL, NULL);
}

static void tell_leader(const Supervisor *s, EventKind kind) {
        char leader[16];

        snprintf(leader, sizeof(leader), "%d", (int) s->record->leader);
        event_log(kind, s->record->name, "leader", leader, NULL);
}

void supervisor_tell_state(Supervisor *s) {
        if (s->told == 1 + (int) s->record->state)
                return;
        s->told = 1 + (int) s->record->state;
        switch (s->record->state) {
        case MACHINE_STARTING:
                tell_lives(s, EVENT_STARTING);
                break;
        case MACHINE_BOOTING:
                tell_leader(s, EVENT_BOOTING);
                break;
        case MACHINE_RUNNING:
                tell_leader(s, EVENT_READY);
                break;
        case MACHINE_STOPPING:
                event_log(EVENT_STOPPING, s->record->name, "action", action_of(s), NULL);
                break;
        case MACHINE_REBOOTING:
                event_log(EVENT_REBOOTING, s->record->name, NULL);
                break;
        case MACHINE_CLOSING:
        case MACHINE_DEAD:
                break;
        }
}

void supervisor_tell_end(Supervisor *s) {
        char status[16];

        if (!s->told || s->told == TOLD_END)
                return;
        s->told = TOLD_END;
        snprintf(status, sizeof(status), "%d", s->exit_status);
        if (s->failure)
                event_log(EVENT_FAILED, s->plan->name, "status", s->exit_status < 0 ? NULL : status, "reason", s->failure, NULL);
        else
                event_log(EVENT_STOPPED, s->plan->name, "status", status, "reason", machine_end_word(s->end.kind), NULL);
}
