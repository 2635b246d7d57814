/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What counts of a resource is, the highest first: what was set until the machine ends; what was set and is kept, where the command line of
 * its start says something else; what it was started with, or what its settings say by now; a default. It is written down before systemd is
 * asked, so that the drop-ins which that makes are found again, whoever is killed in between. */

#include "live-limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "enums.h"
#include "fd.h"
#include "file.h"
#include "limits.h"
#include "log.h"
#include "oom.h"
#include "own-limits.h"
#include "parse.h"
#include "provenance.h"
#include "registration.h"
#include "resources.h"
#include "slice-settings.h"
#include "text.h"

#define SCOPELESS_TRIES 200
#define SCOPELESS_PAUSE_USEC 10000

struct LiveLimits {
        const Machine *machine;
        const LimitChange *change;
        LiveResources before, after;
        bool touched[RESOURCES];
        bool own_slice;
        bool is_asked; /* systemd may have some of it */
        int dir, lock;
        sd_bus *bus;
};

void live_limits_free(LiveLimits *l) {
        if (!l)
                return;
        live_resources_done(&l->before);
        live_resources_done(&l->after);
        sd_bus_flush_close_unref(l->bus);
        close_fd(l->dir);
        close_fd(l->lock);
        free(l);
}

/* ---- what counts ---- */

static int take_start(LiveResources *l, const MachineConfig *now, Resource r) {
        _cleanup_free_ char *from = NULL;

        for (const Assignment *a = now->assignments.first; a; a = a->next)
                if (a->field == FIELD_RESOURCES + r) {
                        free(from);
                        from = provenance_text(a);
                }
        return string_set(&l->start[r], now->resources[r]) < 0 || string_set(&l->from[r], from) < 0 ? -ENOMEM : 0;
}

static int change_one(LiveResources *l, const LimitChange *c, Resource r) {
        const char *text = *c->texts[r] ? c->texts[r] : NULL;

        if (string_set(&l->runtime[r], c->runtime ? text : NULL) < 0)
                return -ENOMEM;
        if (l->from[r] && strcmp(l->from[r], PROVENANCE_COMMAND_LINE) == 0)
                return c->runtime ? 0 : string_set(&l->kept[r], text);
        return take_start(l, c->now, r);
}

/* Of the slice: where a policy is asked for, what the scope has by default stands there (plan-resources.c). */
static const char *of_slice(const LiveLimits *l, const LiveResources *state, Resource r, char buf[LIMIT_TEXT_MAX]) {
        const char *text = live_resource(state, r);

        if (!text && l->own_slice && r != RESOURCE_TASKS && live_resource(state, RESOURCE_OOM_POLICY))
                text = limit_by_default(r, buf);
        return text;
}

/* ---- properties ---- */

static int append_none(Resource r, char ***list) {
        const char *key = resource_option(r)->key;

        switch (r) {
        case RESOURCE_MEMORY_LOW:
                return strv_appendf(list, "%s=0", key);
        case RESOURCE_CPUS: /* with an empty list the kernel leaves them as they were */
                return strv_appendf(list, "%s=0-%ld", key, sysconf(_SC_NPROCESSORS_CONF) - 1);
        case RESOURCE_MEMORY:
        case RESOURCE_MEMORY_HIGH:
        case RESOURCE_SWAP:
        case RESOURCE_CPU:
        case RESOURCE_TASKS:
                return strv_appendf(list, "%s=infinity", key);
        case RESOURCE_OOM_POLICY:
                return 0;
        default:
                return strv_appendf(list, "%s=", key);
        }
}

static int append_value(const LiveLimits *l, Resource r, const char *text, char ***list) {
        int k = !text || resource_is_of_devices(r) ? append_none(r, list) : 0;

        return k < 0 || !text ? k : resource_properties(r, text, l->machine->record->root, list);
}

/* As a number: of a percentage systemd makes a file of another name, which would count again beside "infinity". */
static int append_default(Resource r, const char *text, char ***list) {
        uint64_t hundredths;

        if (parse_percent(text, 100 * 100, &hundredths) < 0)
                return strv_appendf(list, "%s=%s", resource_option(r)->key, text);
        return strv_appendf(list, "%s=%" PRIu64, resource_option(r)->key,
                            (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE) / 10000 * hundredths);
}

/* On the scope there is the default, as long as nothing is said. */
static int append_scope(const LiveLimits *l, const LiveResources *state, Resource r, char ***list) {
        char buf[LIMIT_TEXT_MAX], slice[LIMIT_TEXT_MAX];
        const char *text = live_resource(state, r), *fallback = limit_by_default(r, buf);

        if (!l->own_slice)
                return append_value(l, r, text ?: fallback, list);
        if (!fallback)
                return 0;
        if (of_slice(l, state, r, slice))
                return append_none(r, list);
        return append_default(r, fallback, list);
}

static int append_slice(const LiveLimits *l, const LiveResources *state, Resource r, char ***list) {
        const MachineRecord *rec = l->machine->record;
        _cleanup_free_ char *where = NULL;
        char buf[LIMIT_TEXT_MAX];
        int k;

        if (!l->own_slice)
                return 0;
        k = slice_setting_of_others(rec->slice, resource_option(r)->key, &where);
        if (k > 0)
                log_warning("%s says what %s of %s is, and that counts", where, resource_option(r)->key, rec->slice);
        return k != 0 ? k : append_value(l, r, of_slice(l, state, r, buf), list);
}

/* ---- systemd ---- */

/* Of what settings say below, the start has left out what it could not have, too. */
static bool is_taken_back(const LiveLimits *l, Resource r) {
        return l->change->texts[r] && !*l->change->texts[r];
}

/* Without systemd: it is the group that nbox has made, which has the controllers that its start asked for. */
static int apply_to_group(const LiveLimits *l, const LiveResources *state, Error **reterr) {
        const MachineRecord *rec = l->machine->record;
        int r = 0;

        for (Resource i = 0; r >= 0 && i < RESOURCES; i++) {
                _cleanup_(error_freep) Error *error = NULL;

                if (!l->touched[i] || i == RESOURCE_OOM_POLICY || !rec->cgroup)
                        continue;
                r = own_limit_put(rec->cgroup, i, live_resource(state, i), rec->root, &error);
                if (r == -EOPNOTSUPP && is_taken_back(l, i))
                        r = 0;
                else if (r < 0)
                        (void) error_pass(reterr, r, &error);
        }
        if (r == -EOPNOTSUPP)
                return error_hint(reterr, r, "What is set while '%s' is off counts from its next start on.", rec->name);
        return r;
}

static int apply_to(const LiveLimits *l, const LiveResources *state, Error **reterr) {
        _cleanup_strv_ char **slice = NULL, **scope = NULL;
        const MachineRecord *rec = l->machine->record;
        int r = 0;

        if (!l->bus)
                return apply_to_group(l, state, reterr);
        for (Resource i = 0; i < RESOURCES; i++)
                if (l->touched[i] && (append_slice(l, state, i, &slice) < 0 || append_scope(l, state, i, &scope) < 0))
                        return error_oom(reterr);
        if (slice)
                r = unit_set_properties(l->bus, rec->slice, slice, reterr);
        if (r >= 0 && scope)
                r = unit_set_properties(l->bus, rec->scope, scope, reterr);
        return r;
}

static int apply_policy(const LiveLimits *l, const LiveResources *state, Error **reterr) {
        const char *text = live_resource(state, RESOURCE_OOM_POLICY);
        _cleanup_(error_freep) Error *error = NULL;
        int policy = OOM_POLICY_UNSET, r;

        if (!l->touched[RESOURCE_OOM_POLICY] || !l->machine->record->cgroup)
                return 0;
        if (text)
                (void) enum_parse(oom_policy_names, text, &policy, NULL);
        r = oom_policy_apply(l->machine->record->cgroup, (OomPolicy) policy, &error);
        return r < 0 && r != -ENOENT ? error_pass(reterr, r, &error) : 0;
}

/* What is as without us needs no drop-in. */
static void settle_files(LiveLimits *l) {
        const char *slice = l->machine->record->slice;
        char buf[LIMIT_TEXT_MAX];

        for (Resource r = 0; r < RESOURCES; r++) {
                const char *text = of_slice(l, &l->after, r, buf), *key = resource_option(r)->key;

                if (!l->touched[r] || !l->own_slice)
                        continue;
                if (text)
                        slice_setting_settle(slice, key, strchr(text, '%') && r != RESOURCE_CPU);
                else
                        slice_setting_remove(slice, key);
                l->after.put[r] = text;
        }
        (void) live_resources_save(l->dir, &l->after, NULL);
}

static int begin(LiveLimits *l, const LimitChange *c, Error **reterr) {
        const MachineRecord *rec = l->machine->record;
        _cleanup_free_ char *own = machine_slice_name(rec->name);
        int r;

        if (!own)
                return error_oom(reterr);
        l->own_slice = rec->slice && strcmp(own, rec->slice) == 0;
        l->dir = live_resources_open(rec->name, &l->lock, reterr);
        if (l->dir < 0)
                return l->dir;
        r = live_resources_load(l->dir, &l->before, reterr);
        if (r >= 0)
                r = live_resources_load(l->dir, &l->after, reterr);
        for (Resource i = 0; r >= 0 && i < RESOURCES; i++) {
                if (!c->texts[i])
                        continue;
                l->touched[i] = true;
                r = change_one(&l->after, c, i) < 0 ? error_oom(reterr) : 0;
        }
        if (l->touched[RESOURCE_OOM_POLICY] && rec->scope)
                l->touched[RESOURCE_MEMORY] = l->touched[RESOURCE_SWAP] = true;
        for (Resource i = 0; i < RESOURCES; i++)
                l->after.put[i] = l->after.put[i] || (l->touched[i] && l->own_slice);
        if (r < 0)
                return r;
        return rec->scope ? host_bus_open(&l->bus, reterr) : 0;
}

/* It may end while systemd is asked: what that puts on the slice is then there after the end has taken all of it away, or where systemd no longer
 * knows the scope, and is taken away again. Of one that reboots it is written down, and its next life has it. */
static bool has_ended(const LiveLimits *l) {
        struct pollfd leader = { .fd = l->machine->leader_fd, .events = POLLIN };
        _cleanup_(machine_freep) Machine *now = NULL;

        return leader.fd >= 0 && poll(&leader, 1, 0) > 0 && machine_find(l->machine->record->name, &now, NULL) == -ESRCH;
}

/* Its scope is gone (-ENOENT) before it is; without a scope it does not live for long. */
static bool is_over(const LiveLimits *l, int r) {
        for (unsigned i = 0; r == -ENOENT && i < SCOPELESS_TRIES && !has_ended(l); i++)
                (void) usleep(SCOPELESS_PAUSE_USEC);
        return has_ended(l);
}

static int clear_ended(const LiveLimits *l, const LimitChange *c, Error **reterr) {
        const MachineRecord *rec = l->machine->record;

        for (Resource r = 0; r < RESOURCES; r++)
                if (l->is_asked && l->own_slice && l->touched[r])
                        slice_setting_remove(rec->slice, resource_option(r)->key);
        if (l->is_asked && l->own_slice && l->bus)
                (void) slice_stop(l->bus, rec->slice, true, NULL);
        return c->runtime ? error_set(reterr, ESRCH, "The machine '%s' has ended meanwhile", rec->name) : 0;
}

static int put(LiveLimits *l, const LimitChange *c, Error **reterr) {
        int r = begin(l, c, reterr);

        if (r >= 0)
                r = live_resources_save(l->dir, &l->after, reterr);
        if (r < 0)
                return r;
        l->is_asked = true;
        r = apply_to(l, &l->after, reterr);
        return r < 0 ? r : apply_policy(l, &l->after, reterr);
}

int live_limits_set(const Machine *m, const LimitChange *c, LiveLimits **ret, Error **reterr) {
        _cleanup_(live_limits_freep) LiveLimits *l = calloc(1, sizeof(*l));
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (!l)
                return error_oom(reterr);
        l->machine = m;
        l->change = c;
        l->dir = l->lock = -1;
        r = put(l, c, &error);
        if (is_over(l, r))
                return clear_ended(l, c, reterr);
        if (r < 0 && l->is_asked)
                live_limits_undo(l);
        if (r < 0)
                return error_pass(reterr, r, &error);
        settle_files(l);
        *ret = TAKE_PTR(l);
        return 0;
}

void live_limits_undo(LiveLimits *l) {
        for (Resource r = 0; r < RESOURCES; r++) /* until systemd has them as they were */
                l->before.put[r] = l->before.put[r] || (l->touched[r] && l->own_slice);
        (void) live_resources_save(l->dir, &l->before, NULL);
        (void) apply_to(l, &l->before, NULL);
        (void) apply_policy(l, &l->before, NULL);
}

static const char *const files[RESOURCES] = {
        [RESOURCE_MEMORY] = "memory.max",
        [RESOURCE_MEMORY_HIGH] = "memory.high",
        [RESOURCE_MEMORY_LOW] = "memory.low",
        [RESOURCE_SWAP] = "memory.swap.max",
        [RESOURCE_CPU] = "cpu.max",
        [RESOURCE_CPU_WEIGHT] = "cpu.weight",
        [RESOURCE_CPUS] = "cpuset.cpus",
        [RESOURCE_TASKS] = "pids.max",
        [RESOURCE_IO_WEIGHT] = "io.weight",
        [RESOURCE_IO_READ] = "io.max",
        [RESOURCE_IO_WRITE] = "io.max",
        [RESOURCE_IO_READ_OPS] = "io.max",
        [RESOURCE_IO_WRITE_OPS] = "io.max",
        [RESOURCE_OOM_POLICY] = "memory.oom.group",
};

bool live_limit_is_held(const Machine *m, Resource r) {
        _cleanup_free_ char *group = m->record->cgroup ? oom_own_group(m->record->cgroup) : NULL;
        _cleanup_close_ int fd = group ? cgroup_open(group) : -1;

        if (fd < 0)
                return false;
        return faccessat(fd, files[r], F_OK, 0) >= 0 || (r == RESOURCE_IO_WEIGHT && faccessat(fd, "io.bfq.weight", F_OK, 0) >= 0);
}
