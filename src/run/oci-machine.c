/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-machine.h"

#include <fcntl.h>
#include <string.h>

#include "bus.h"
#include "clock.h"
#include "init-look.h"
#include "log.h"
#include "name.h"
#include "parse.h"
#include "pidfd.h"
#include "process.h"
#include "record.h"
#include "registration.h"
#include "text.h"

#define SHORT_ID 12 /* as engines show theirs */

/* By its name alone, as engines know that a process is an init: what it is a link to may be anything. */
static bool is_init(const char *program) {
        static const char *const names[] = { "/init", "/systemd", "/openrc-init", "/runit-init", "/finit", "/dinit" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t n = strlen(names[i]), length = strlen(program);

                if (length >= n && strcmp(program + length - n, names[i]) == 0)
                        return true;
        }
        return false;
}

/* NULL: it is no machine. The caller's. */
static char *name_of(const OciState *s, const OciSpec *spec) {
        const char *asked = json_string_value(json_object_get(spec->annotations, OCI_MACHINE_ANNOTATION));
        _cleanup_free_ char *name = NULL;

        if (asked ? strcmp(asked, "no") == 0 : !spec->process.args || !is_init(spec->process.args[0]))
                return NULL;
        name = asked ? strdup(asked) : strndup(s->id, strlen(s->id) == 64 ? SHORT_ID : strlen(s->id));
        if (!name || !machine_name_is_valid(name)) {
                log_warning("Container %s cannot be a machine: '%s' is no machine's name, ignoring", s->id, name ?: "");
                return NULL;
        }
        return TAKE_PTR(name);
}

static int fill(MachineRecord *r, const OciState *s, const OciSpec *spec) {
        _cleanup_close_ int tree = open(spec->root, O_PATH | O_DIRECTORY | O_CLOEXEC), init = pidfd_of(s->pid);
        const char *net = spec->namespaces[OCI_NS_NETWORK].path;
        char head[33];
        int k = string_set(&r->name, s->machine);

        if (k >= 0)
                k = string_set(&r->engine, s->id);
        if (k >= 0)
                k = string_set(&r->root, s->root);
        if (k >= 0)
                k = string_set(&r->cgroup, s->cgroup);
        if (k >= 0)
                k = string_set(&r->scope, s->scope);
        if (k >= 0)
                k = string_set(&r->init, spec->process.args[0]);
        if (k >= 0)
                k = string_set(&r->network_namespace, net);
        if (k >= 0)
                k = boot_id(r->boot_id);
        snprintf(head, sizeof(head), "%.32s", s->id);
        (void) parse_id128(head, r->id); /* of an engine's id of hexadecimal digits its beginning; else it has none */
        r->mode = START_BOOT;
        r->state = MACHINE_BOOTING;
        r->leader = s->pid;
        r->leader_start = s->start_time;
        r->leader_inode = init >= 0 ? pidfd_inode(init) : 0;
        r->started_usec = clock_usec(CLOCK_REALTIME);
        r->stop_timeout_usec = 0;
        r->network = !spec->namespaces[OCI_NS_NETWORK].asked ? NETWORK_HOST : net ? NETWORK_NAMESPACE : NETWORK_NONE; /* none of it ours to take away */
        r->init_kind = tree >= 0 ? init_kind_in_tree(tree, spec->process.args[0]) : INIT_AUTO;
        if (spec->namespaces[OCI_NS_USER].asked && spec->uids.n > 0) {
                r->uid_base = spec->uids.items[0].outside;
                r->uid_range = spec->uids.items[0].size;
        }
        return k;
}

/* Only who is in a unit of systemd's can be registered: with cgroupfs it has none, and is known to us alone. */
static bool register_it(const MachineRecord *r) {
        Registration reg = { .name = r->name, .leader = r->leader, .root = r->root };
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int k = r->scope ? host_bus_open(&bus, &error) : 0;

        if (k == 0)
                return false;
        memcpy(reg.id, r->id, sizeof(reg.id));
        if (k > 0)
                k = registration_add(bus, &reg, &error);
        if (k < 0)
                log_report(LOG_LEVEL_WARNING, k, error);
        return k >= 0;
}

static int enlist(OciState *s, const OciSpec *spec, Error **reterr) {
        _cleanup_(record_freep) MachineRecord *r = record_new();
        _cleanup_close_ int dir = -1;
        int k;

        if (!r || fill(r, s, spec) < 0)
                return error_oom(reterr);
        dir = record_claim(s->machine, reterr);
        if (dir < 0)
                return dir;
        k = record_write(dir, r, reterr); /* before it is registered: the record says what must be undone */
        if (k < 0)
                return k;
        r->registered = register_it(r);
        return r->registered ? record_write(dir, r, reterr) : 0;
}

void oci_machine_enlist(OciState *s, const OciSpec *spec) {
        _cleanup_(error_freep) Error *error = NULL;

        s->machine = name_of(s, spec);
        if (!s->machine || enlist(s, spec, &error) >= 0)
                return;
        log_warning("Container %s is not known as a machine: %s, ignoring", s->id, error ? error->message : "out of memory");
        s->machine = (free(s->machine), NULL);
}

/* Ours to change, or -1. */
static int open_own(const OciState *s, MachineRecord **ret) {
        int dir = s->machine ? record_lock(s->machine, NULL) : -1;

        if (dir >= 0 && record_load(s->machine, ret, NULL) >= 0 && (*ret)->engine && strcmp((*ret)->engine, s->id) == 0)
                return dir;
        return close_fd(dir);
}

void oci_machine_started(const OciState *s) {
        _cleanup_(record_freep) MachineRecord *r = NULL;
        _cleanup_close_ int dir = open_own(s, &r);

        if (dir < 0)
                return;
        r->state = MACHINE_RUNNING;
        r->ready = true;
        r->ready_usec = clock_usec(CLOCK_REALTIME);
        (void) record_write(dir, r, NULL); /* or it is said to be booting */
}

static void unregister(const MachineRecord *r) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;

        if (r->registered && host_bus_open(&bus, NULL) > 0 && registration_remove(bus, r->name, &error) < 0)
                log_report(LOG_LEVEL_WARNING, 0, error);
}

void oci_machine_strike(const OciState *s) {
        _cleanup_(record_freep) MachineRecord *r = NULL;
        _cleanup_close_ int dir = open_own(s, &r);

        if (dir < 0)
                return;
        unregister(r);
        (void) record_remove(dir, s->machine);
}
