/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

#include <poll.h>
#include <string.h>

#include "bind-changes.h"
#include "cgroup.h"
#include "clock.h"
#include "device-changes.h"
#include "endpoint.h"
#include "fd.h"
#include "live-nics.h"
#include "log.h"
#include "pidfd.h"
#include "port-map.h"
#include "process.h"

/* A pid in a file may since have become another process. So: the record's boot id is this boot's; a pidfd is opened, and only then its
 * inode compared, or the start time where pidfds have none of their own: if both agree, the pidfd is the process that was meant, whatever happens to it later. */

#define WAIT_STEP_USEC (20 * 1000)
#define UNDECIDED_USEC 200000
#define CLOSING_USEC (10 * UINT64_C(1000000)) /* a supervisor clears up in less */

void machine_free(Machine *m) {
        if (!m)
                return;
        record_free(m->record);
        close_fd(m->leader_fd);
        free(m);
}

/* 1, 0, or why that cannot be said. */
static int is_leader(const MachineRecord *r, int pidfd) {
        uint64_t start;
        int k;

        if (r->leader_inode > 0)
                return pidfd_has_inode(pidfd, r->leader_inode);
        k = process_start_time(r->leader, &start);
        return k < 0 ? k : start == r->leader_start;
}

/* The leader's pidfd; -ESRCH when it is gone or another process has its pid. */
static int open_leader(const MachineRecord *r) {
        _cleanup_close_ int fd = -1;
        char boot[33];
        int k;

        if (r->leader <= 0)
                return -ESRCH;
        k = boot_id(boot);
        if (k < 0)
                return k;
        if (strcmp(boot, r->boot_id) != 0)
                return -ESRCH;
        fd = pidfd_of(r->leader);
        if (fd < 0)
                return fd;
        k = is_leader(r, fd);
        if (k < 0)
                return k;
        if (k == 0 || poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) > 0) /* a zombie has ended */
                return -ESRCH;
        return TAKE_FD(fd);
}

/* Only root may try the lock: others believe the record, and so does who cannot find out. */
static bool is_supervised(const char *name) {
        _cleanup_close_ int lock = record_lock(name, NULL);

        return lock < 0 && lock != -ENOENT;
}

static MachineState state_of(const Machine *m) {
        MachineState recorded = m->record->state;

        if (m->leader_fd >= 0)
                return recorded == MACHINE_STARTING || recorded == MACHINE_BOOTING || recorded == MACHINE_STOPPING ||
                       recorded == MACHINE_CLOSING ? recorded : MACHINE_RUNNING; /* one whose start has failed ends in a moment */
        if (!is_supervised(m->record->name))
                return MACHINE_DEAD;
        if (recorded == MACHINE_REBOOTING)
                return MACHINE_REBOOTING;
        return m->record->leader == 0 ? MACHINE_STARTING : MACHINE_CLOSING;
}

/* Ports and interfaces come and go while a machine runs: the record has those that it was started with. */
static int take_network(MachineRecord *r) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;

        if (r->network != NETWORK_OWN || endpoint_load(r->name, &e, NULL) <= 0)
                return 0;
        if (live_nics_take(r, e) < 0)
                return -ENOMEM;
        strv_free(r->ports);
        strv_free(r->host_ports);
        r->ports = r->host_ports = NULL;
        return port_list_format(&e->ports, &r->ports) < 0 || port_list_format(&e->host_ports, &r->host_ports) < 0 ? -ENOMEM : 0;
}

/* For others, or a delay, which may take hours. */
static bool waits_for_its_turn(const Machine *m) {
        return m->state == MACHINE_STARTING && m->record->waiting_for;
}

const char *machine_state_shown(const Machine *m) {
        if (waits_for_its_turn(m))
                return "waiting";
        if (m->record->frozen)
                return "frozen";
        return m->state == MACHINE_RUNNING && m->record->health == HEALTH_STATE_UNHEALTHY ? "unhealthy" : machine_state_to_string(m->state);
}

/* What was changed by hand since it was started. */
typedef enum Changes {
        CHANGES_NONE,
        CHANGES_OF_NETWORK,
        CHANGES_ALL,
} Changes;

static int changes_take(MachineRecord *r, Changes changes) {
        int k = changes == CHANGES_NONE ? 0 : take_network(r);

        if (k >= 0 && changes == CHANGES_ALL)
                k = device_changes_take(r);
        return k >= 0 && changes == CHANGES_ALL ? bind_changes_take(r) : k;
}

/* What fails for want of something, or by the kernel's whim, is no word on the machine. */
static bool says_nothing(int r) {
        return r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -EIO;
}

static int machine_load(const char *name, Changes changes, Machine **ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return error_oom(reterr);
        m->leader_fd = -1;
        r = record_load(name, &m->record, reterr);
        if (r < 0)
                return r;
        if (changes_take(m->record, changes) < 0)
                return error_oom(reterr);
        m->leader_fd = open_leader(m->record);
        if (says_nothing(m->leader_fd))
                return error_errno(reterr, m->leader_fd, "Cannot hold on to machine '%s'", name);
        m->state = state_of(m);
        m->record->frozen = m->leader_fd >= 0 && m->record->cgroup && cgroup_is_frozen(m->record->cgroup);
        if (m->state == MACHINE_DEAD) { /* or swept since the record was read */
                _cleanup_(record_freep) MachineRecord *again = NULL;

                r = record_load(name, &again, reterr);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(m);
        return 0;
}

static int without_init(const Machine *m, Error **reterr) {
        const char *name = m->record->name;
        uint64_t now = clock_usec(CLOCK_REALTIME), next = m->record->next_start_usec;

        if (m->state == MACHINE_REBOOTING && next > now) {
                error_set(reterr, EAGAIN, "The machine '%s' reboots in a loop, and starts again in %u s", name,
                          (unsigned) ((next - now) / 1000000 + 1));
                return error_hint(reterr, -EAGAIN, "Its log or console may tell why; `nbox poweroff %s` ends the loop.", name);
        }
        if (waits_for_its_turn(m)) {
                error_set(reterr, EAGAIN, "The machine '%s' has not started yet: it waits for %s", name, m->record->waiting_for);
                return error_hint(reterr, -EAGAIN, "`nbox poweroff --wait %s && nbox start %s` starts it at once.", name, name);
        }
        if (m->state != MACHINE_REBOOTING && m->state != MACHINE_STARTING)
                return record_missing(name, reterr);
        error_set(reterr, EAGAIN, "The machine '%s' is still starting", name);
        return error_hint(reterr, -EAGAIN, "Try again in a moment; `nbox list` shows when it runs.");
}

int machine_open(const char *name, Machine **ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = machine_load(name, CHANGES_ALL, &m, reterr);

        if (r >= 0 && m->leader_fd < 0)
                r = without_init(m, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

/* An init has ended, and its supervisor has not written down yet whether that was a reboot. */
static bool is_undecided(const Machine *m) {
        return m->state == MACHINE_CLOSING && m->record->state != MACHINE_CLOSING;
}

/* Load it until `done`, for as long as it may change by itself. */
static int load_when(const char *name, Changes changes, bool (*done)(const Machine *m), uint64_t timeout_usec, Machine **ret, Error **reterr) {
        uint64_t end = clock_deadline(timeout_usec);

        for (;;) {
                _cleanup_(machine_freep) Machine *m = NULL;
                int r = machine_load(name, changes, &m, reterr);

                if (r < 0)
                        return r;
                if (done(m) || clock_usec(CLOCK_MONOTONIC) >= end) {
                        *ret = TAKE_PTR(m);
                        return 0;
                }
                clock_pause(WAIT_STEP_USEC);
        }
}

static bool has_settled(const Machine *m) {
        return waits_for_its_turn(m) || (m->state != MACHINE_STARTING && m->state != MACHINE_REBOOTING && !is_undecided(m));
}

static bool is_decided(const Machine *m) {
        return !is_undecided(m);
}

static int open_wait(const char *name, Changes changes, uint64_t timeout_usec, Machine **ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = load_when(name, changes, has_settled, timeout_usec, &m, reterr);

        if (r >= 0 && m->leader_fd < 0)
                r = without_init(m, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int machine_open_wait(const char *name, uint64_t timeout_usec, Machine **ret, Error **reterr) {
        return open_wait(name, CHANGES_ALL, timeout_usec, ret, reterr);
}

int machine_open_to_enter(const char *name, uint64_t timeout_usec, Machine **ret, Error **reterr) {
        return open_wait(name, CHANGES_NONE, timeout_usec, ret, reterr);
}

int machine_find(const char *name, Machine **ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = load_when(name, CHANGES_ALL, is_decided, CLOSING_USEC, &m, reterr);

        if (r < 0)
                return r;
        if (m->leader_fd < 0 && m->state != MACHINE_STARTING && m->state != MACHINE_REBOOTING)
                return record_missing(name, reterr);
        *ret = TAKE_PTR(m);
        return 0;
}

void machine_list_free(Machine **machines, size_t n) {
        for (size_t i = 0; i < n; i++)
                machine_free(machines[i]);
        free(machines);
}

int machine_list(Machine ***ret, size_t *ret_n, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        Machine **all;
        size_t n = 0;
        int r;

        r = record_list(&names, reterr);
        if (r < 0)
                return r;
        all = calloc(strv_length(names) + 1, sizeof(Machine *));
        if (!all)
                return error_oom(reterr);
        fd_make_room(strv_length(names));
        for (char **name = names; *name; name++) {
                _cleanup_(error_freep) Error *error = NULL;

                r = load_when(*name, CHANGES_OF_NETWORK, is_decided, UNDECIDED_USEC, &all[n], &error);
                if (r >= 0)
                        n++;
                else if (says_nothing(r)) {
                        machine_list_free(all, n);
                        return error_pass(reterr, r, &error);
                } else if (r != -ESRCH)
                        log_warning("%s, leaving it out", error ? error->message : strerror(-r));
        }
        *ret = all;
        *ret_n = n;
        return 0;
}

/* Whether the record still speaks of the init that m had. */
static bool still_recorded(const Machine *m) {
        _cleanup_(record_freep) MachineRecord *now = NULL;

        return record_load(m->record->name, &now, NULL) >= 0 && now->leader == m->record->leader &&
                now->leader_start == m->record->leader_start;
}

int machine_wait(const Machine *m, uint64_t timeout_usec, Error **reterr) {
        uint64_t end = clock_deadline(timeout_usec);
        struct pollfd p = { .fd = m->leader_fd, .events = POLLIN };

        while (m->leader_fd >= 0) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC), left = now < end ? end - now : 0;
                int r = poll(&p, 1, left / 1000 > 3600000 ? 3600000 : (int) (left / 1000));

                if (r > 0)
                        break;
                if (r < 0 && errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for machine '%s'", m->record->name);
                if (left == 0)
                        return error_set(reterr, ETIMEDOUT, "The machine '%s' has not ended in time", m->record->name);
        }
        while (is_supervised(m->record->name) && (m->leader_fd < 0 || still_recorded(m))) {
                if (clock_usec(CLOCK_MONOTONIC) >= end)
                        return error_set(reterr, ETIMEDOUT, "The supervisor of machine '%s' has not ended in time", m->record->name);
                clock_pause(WAIT_STEP_USEC);
        }
        return 0;
}
