/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/mount.h>

#include "binds.h"
#include "clock.h"
#include "device-changes.h"
#include "filter-file.h"
#include "log.h"
#include "nics.h"
#include "port-map.h"
#include "process.h"
#include "registration.h"
#include "supervisor.h"
#include "text.h"

/* What the supervisor writes down of itself, for others and for the sweep that comes when it is killed. */

int supervisor_save_record(Supervisor *s, Error **reterr) {
        return record_write(s->record_dir, s->record, reterr);
}

int supervisor_save_state(Supervisor *s, MachineState state, Error **reterr) {
        int r;

        s->record->state = state;
        r = supervisor_save_record(s, reterr);
        supervisor_tell_state(s);
        return r;
}

/* It may be written twice, when ids that it names were somebody else's after all. */
static void drop_lists(MachineRecord *rec) {
        char ***const lists[] = { &rec->locks, &rec->ports, &rec->host_ports, &rec->settings_files, &rec->binds };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                strv_free(*lists[i]);
                *lists[i] = NULL;
        }
}

static int write_bounds(const MachinePlan *p, MachineRecord *rec) {
        char text[24];

        strv_free(rec->system_call_filter);
        rec->system_call_filter = strv_copy(p->system_call_filter);
        if (!rec->system_call_filter)
                return -ENOMEM;

        snprintf(text, sizeof(text), "0x%016llx", (unsigned long long) p->capabilities);
        return string_set(&rec->capabilities, text);
}

#define BINDS_TEXT_MAX (24 * 1024) /* a record is 64 KiB at most; what is more is in the settings */

static int write_binds(const MachinePlan *p, MachineRecord *rec) {
        size_t size = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < p->n_mounts; i++) {
                const MountStep *step = p->mounts + i;
                _cleanup_(bind_done) MachineBind b = { .read_only = step->attr & MOUNT_ATTR_RDONLY, .recursive = step->recursive,
                                                       .idmap = (int) step->idmap };
                char *text;

                if (step->kind != MOUNT_STEP_BIND)
                        continue;
                b.destination = strdup(step->destination);
                if (!b.destination || asprintf(&b.source, "%s%s", step->from_root ? "+" : "", step->source) < 0)
                        return -ENOMEM;
                text = bind_format(&b);
                size += text ? strlen(text) : 0;
                if (size <= BINDS_TEXT_MAX)
                        r = strv_consume(&rec->binds, text);
                else
                        free(text);
        }
        return r;
}

int supervisor_write_first_record(Supervisor *s, Error **reterr) {
        MachineRecord *rec = s->record;
        MachinePlan *p = s->plan;
        int r = 0;

        drop_lists(rec);
        memcpy(rec->id, p->id, sizeof(rec->id));
        rec->supervisor = getpid();
        rec->started_usec = clock_usec(CLOCK_REALTIME);
        rec->mode = p->mode;
        rec->init_kind = p->init.kind;
        rec->init_chosen = p->init.chosen;
        rec->network = p->network;
        rec->health = p->n_health > 0 ? HEALTH_STATE_STARTING : HEALTH_STATE_NONE;
        rec->kill_signal = p->kill_signal;
        rec->stop_timeout_usec = p->stop_timeout_usec;
        rec->uid_base = p->uid_base;
        rec->uid_range = p->userns ? p->uid_range : 0;
        rec->n_ttys = (int) p->n_ttys;
        rec->cgroup_owned = s->cgroup_owned;
        rec->shares_root = p->shares_tree;
        if (boot_id(rec->boot_id) < 0 || string_set(&rec->name, p->name) < 0 || string_set(&rec->root, p->root) < 0 ||
            string_set(&rec->init, p->argv[0]) < 0 || string_set(&rec->os, p->os) < 0 || string_set(&rec->unit, s->unit) < 0 ||
            string_set(&rec->cgroup, s->cgroup) < 0 ||
            string_set(&rec->selinux, p->labels.process) < 0 || string_set(&rec->selinux_mounts, p->labels.mount) < 0 ||
            string_set(&rec->apparmor, p->labels.apparmor) < 0 || string_set(&rec->network_namespace, p->network_namespace) < 0 ||
            string_set(&rec->zone, nic_list_zone(&p->nics)) < 0 || string_set(&rec->slice, s->bus ? p->slice : NULL) < 0)
                return error_oom(reterr);
        for (size_t i = 0; s->lock && i < ELEMENTSOF(s->lock->files) && r >= 0; i++)
                if (s->lock->files[i])
                        r = strv_append(&rec->locks, s->lock->files[i]);
        if (r >= 0)
                r = ids_claim_files(p, &rec->locks);
        if (r >= 0)
                r = port_list_format(&p->ports, &rec->ports);
        if (r >= 0)
                r = port_list_format(&p->host_ports, &rec->host_ports);
        if (r >= 0)
                r = devices_to_text(&p->devices, &rec->devices);
        if (r >= 0)
                r = write_bounds(p, rec);
        if (r >= 0)
                r = write_binds(p, rec);
        for (size_t i = 0; r >= 0 && p->settings_files && p->settings_files[i]; i++)
                r = strv_append(&rec->settings_files, p->settings_files[i]);
        if (r >= 0 && s->bus && !rec->scope) {
                rec->scope = machine_scope_name(p->name);
                r = rec->scope ? 0 : -ENOMEM;
        }
        if (r < 0)
                return error_oom(reterr);
        if (p->filter || rec->reboots > 0) {
                r = filter_file_save(s->record_dir, p->filter, p->n_filter, reterr);
                if (r < 0)
                        return r;
        }
        return supervisor_save_state(s, MACHINE_STARTING, reterr);
}
