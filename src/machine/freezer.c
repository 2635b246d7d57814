/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "freezer.h"

#include <string.h>

#include "cgroup.h"
#include "clock.h"
#include "control.h"
#include "fd.h"
#include "log.h"
#include "path.h"
#include "registration.h"
#include "unit.h"

#define LAUNCH_WAIT_USEC (5 * UINT64_C(1000000)) /* from init's first breath to a supervisor that has seen it */
#define THAW_WAIT_USEC (2 * UINT64_C(1000000))
#define STEP_USEC (5 * 1000)
#define HELD_STEP_USEC (20 * 1000)

static bool is_held(const char *machine) {
        _cleanup_free_ char *answer = NULL;
        int fd = control_request(machine, "freezer held", &answer, NULL);

        close_fd(fd);
        return fd >= 0 && strcmp(answer, "held") == 0;
}

int freezer_check(const Machine *m, Error **reterr) {
        const char *name = m->record->name;

        if (!m->record->frozen)
                return 0;
        while (cgroup_is_frozen(m->record->cgroup) && is_held(name))
                clock_pause(HELD_STEP_USEC);
        if (!cgroup_is_frozen(m->record->cgroup) || cgroup_frozen_by(m->record->cgroup, NULL) == -ENOENT) /* it goes on just now */
                return 0;
        error_set(reterr, EAGAIN, "The machine '%s' is frozen: nothing runs in it", name);
        return error_hint(reterr, -EAGAIN, "Let it go on by `nbox thaw %s`.", name);
}

/* "freezer on" or "freezer off". */
static int ask(const char *machine, const char *request, Error **reterr) {
        uint64_t end = clock_deadline(LAUNCH_WAIT_USEC);

        for (;;) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_free_ char *answer = NULL;
                int fd = control_request(machine, request, &answer, &error);

                if (fd == -EAGAIN && clock_usec(CLOCK_MONOTONIC) < end) {
                        clock_pause(STEP_USEC);
                        continue;
                }
                if (fd < 0)
                        return error_pass(reterr, fd, &error);
                close_fd(fd);
                return strcmp(answer, "already") == 0;
        }
}

int freezer_freeze(const Machine *m, Error **reterr) {
        return ask(m->record->name, "freezer on", reterr);
}

/* The slice that a group lies in, where that is made for this machine alone; or NULL. */
static char *own_slice(const char *machine, const char *cgroup) {
        _cleanup_free_ char *slice = machine_slice_name(machine), *above = strdup(cgroup);
        char *slash = above ? strrchr(above, '/') : NULL;

        if (!slice || !slash)
                return NULL;
        *slash = 0;
        slash = strrchr(above, '/');
        return slash && strcmp(slash + 1, slice) == 0 ? TAKE_PTR(above) : NULL;
}

bool freezer_let_go(const char *machine, const char *cgroup) {
        _cleanup_free_ char *slice = own_slice(machine, cgroup), *by = NULL;
        bool frozen = cgroup_is_frozen(cgroup);

        while (cgroup_frozen_by(cgroup, &by) >= 0 && (strcmp(by, cgroup) == 0 || (slice && strcmp(by, slice) == 0))) {
                frozen = true;
                if (cgroup_freeze(by, false) < 0)
                        break;
                by = (free(by), NULL);
        }
        return frozen;
}

/* So that it does not go on believing that they are frozen, where it was systemd that did it. The slice first: what stands still with it is
 * not thawed by itself. */
static void thaw_units(const MachineRecord *rec) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_free_ char *slice = machine_slice_name(rec->name);
        const char *units[] = { rec->slice && slice && strcmp(rec->slice, slice) == 0 ? slice : NULL, rec->scope };

        if (!rec->scope || host_bus_open(&bus, NULL) <= 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                _cleanup_(error_freep) Error *error = NULL;

                if (units[i] && unit_thaw(bus, units[i], &error) < 0)
                        log_debug("%s, ignoring", error ? error->message : "No memory");
        }
}

static int still_frozen(const MachineRecord *rec, Error **reterr) {
        _cleanup_free_ char *by = NULL;
        const char *unit;

        if (cgroup_frozen_by(rec->cgroup, &by) < 0)
                return error_set(reterr, EBUSY, "The machine '%s' has been thawed, and has not gone on yet", rec->name);
        unit = strrchr(by, '/') + 1;
        error_set(reterr, EBUSY, "The machine '%s' is in the control group %s, which is frozen, and has more in it", rec->name, by);
        return error_hint(reterr, -EBUSY, "Thaw that, by `systemctl thaw %s` where it is a unit of systemd.", unit);
}

int freezer_thaw(const Machine *m, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        const MachineRecord *rec = m->record;
        uint64_t end = clock_deadline(THAW_WAIT_USEC);
        int r = ask(rec->name, "freezer off", &error);

        if (r == -EBUSY)
                return error_pass(reterr, r, &error);
        if (r < 0) { /* it has no supervisor, or an older one that does not know of this, or one that stands still itself */
                log_debug("%s, ignoring", error ? error->message : "No memory");
                if (rec->cgroup)
                        freezer_let_go(rec->name, rec->cgroup);
        }
        if (rec->cgroup && cgroup_frozen_by(rec->cgroup, NULL) >= 0) /* systemd 252 would thaw that as well, with all that is in it */
                return still_frozen(rec, reterr);
        thaw_units(rec);
        while (rec->cgroup && cgroup_is_frozen(rec->cgroup)) {
                if (clock_usec(CLOCK_MONOTONIC) >= end)
                        return still_frozen(rec, reterr);
                clock_pause(STEP_USEC);
        }
        return 0;
}
