/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "error.h"
#include "strv.h"

/* Registering a machine with systemd-machined (org.freedesktop.machine1(5)) and giving its guest a scope and a
 * slice of its own. Times are microseconds. */

typedef struct Registration {
        const char *name;
        uint8_t id[16];
        pid_t leader;           /* the host's pid of the guest's init, parked: it is moved into the scope */
        const char *root;       /* the tree's path on the host */
        const char *unit;       /* the service that the supervisor runs in (BindsTo=, After=), or NULL */
        const char *slice;      /* NULL: machine_slice_name() */
        const int *ifindices;   /* host's ends of its links */
        size_t n_ifindices;
        char *const *properties; /* NAME=value of the user's, for the scope */
        uint64_t stop_timeout_usec;
        bool allow_devices;     /* leave DevicePolicy alone */
} Registration;

/* Whether PID 1 is systemd and a system bus answers: 1 and a connection in *ret (unref: sd_bus_flush_close_unref),
 * 0 when this host has none (no error), < 0 on a real failure. */
int host_bus_open(sd_bus **ret, Error **reterr);

/* CreateMachineWithNetwork, sent without waiting; `done` is called once from the bus's event loop or from
 * registration_wait() with r = 0, or -errno and an Error. */
typedef struct PendingRegistration PendingRegistration;
int registration_start(sd_bus *bus, const Registration *reg, PendingRegistration **ret, Error **reterr);

/* Process the bus until the answer is there. Frees `p`. On success the leader is in the scope; *ret_scope is
 * the scope's unit name (the caller's). -EEXIST: machined still has that name. */
int registration_wait(PendingRegistration *p, char **ret_scope, Error **reterr);
PendingRegistration *registration_cancel(PendingRegistration *p); /* returns NULL */

/* Where there is systemd but --register=no: a scope of the same shape without machined, same rules. */
int scope_start(sd_bus *bus, const Registration *reg, char **ret_scope, Error **reterr);

/* UnregisterMachine; -ENXIO/no such machine is success. */
int registration_remove(sd_bus *bus, const char *name, Error **reterr);

/* Call `cb` when systemd asks the scope's controller to stop it (systemctl stop of the scope, machinectl terminate,
 * host shutdown). The bus must be attached to an sd-event loop. */
int scope_watch_request_stop(sd_bus *bus, const char *scope, void (*cb)(void *userdata), void *userdata, Error **reterr);

/* Stop a scope and, if it is empty and was made for this machine, its slice. Idempotent; waits for the job. */
int scope_stop(sd_bus *bus, const char *scope, Error **reterr);
int slice_stop(sd_bus *bus, const char *slice, Error **reterr);

/* "machine-web\x2d1.scope", "machine-web\x2d1.slice", "nbox@web-1.service"; the caller's, NULL on out of memory. */
char *machine_scope_name(const char *name);
char *machine_slice_name(const char *name);
char *machine_service_name(const char *name);
