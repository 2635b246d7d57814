/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "libsystemd.h"
#include "strv.h"

/* Registering a machine with systemd-machined (org.freedesktop.machine1(5)) and giving its guest a scope and a
 * slice of its own. Times are microseconds. */

typedef struct Registration {
        const char *name;
        uint8_t id[16];
        pid_t leader;           /* the host's pid of the guest's init, parked: it is moved into the scope */
        const char *root;       /* the tree's path on the host */
        const char *unit;       /* the service that the supervisor runs in (BindsTo=; see scope.c), or NULL */
        const char *slice;      /* NULL: machine_slice_name() */
        const int *ifindices;   /* host's ends of its links */
        size_t n_ifindices;
        char *const *before;     /* units that stop before the scope does, or NULL */
        char *const *wants;      /* units that the scope needs while it is there, or NULL; see scope_start_wanted() */
        char *const *properties; /* NAME=value of the user's, for the scope (property.h) */
        char *const *devices;    /* likewise: DeviceAllow= for each device that the machine is given, or NULL */
        uint64_t stop_timeout_usec; /* the supervisor's own; the scope's is longer */
} Registration;

/* Whether PID 1 is systemd and a system bus answers: 1 and a connection in *ret (unref: sd_bus_flush_close_unref),
 * 0 when this host has none (no error), < 0 on a real failure. */
int host_bus_open(sd_bus **ret, Error **reterr);

/* CreateMachineWithNetwork, sent without waiting. `reg` is not kept. */
typedef struct PendingRegistration PendingRegistration;
int registration_start(sd_bus *bus, const Registration *reg, PendingRegistration **ret, Error **reterr);

/* RegisterMachineWithNetwork, of a leader that is in a unit of somebody else's already; of `reg` name, id, leader, root and links count. */
int registration_add(sd_bus *bus, const Registration *reg, Error **reterr);

/* Whether the answer is there; it comes while the bus is processed, by its event loop for instance. */
bool registration_is_answered(const PendingRegistration *p);

/* Process the bus until the answer is there; not from within a callback of the same bus.
 * Frees `p`. On success the leader is in the scope; *ret_scope is the scope's unit name (the caller's).
 * -EEXIST: machined still has that name, or systemd that scope. -EOPNOTSUPP: machined is not installed, masked, or
 * does not answer: scope_start() is what is left. */
int registration_wait(PendingRegistration *p, char **ret_scope, Error **reterr);

/* Forget the answer. The call itself cannot be taken back: end the leader, then registration_remove(). */
PendingRegistration *registration_cancel(PendingRegistration *p); /* returns NULL */

/* Where there is systemd but --register=no: a scope of the same shape without machined, same rules. */
int scope_start(sd_bus *bus, const Registration *reg, char **ret_scope, Error **reterr);

/* Once the scope is there: have the units run that it wants, whatever they are doing now. systemd starts what a new scope wants by
 * itself, but not what it is just about to stop since nobody wanted it a moment ago. Not waited for. */
void scope_start_wanted(sd_bus *bus, char *const *units);

/* The same for a machine that comes into a zone while it runs, until its scope ends or it has left. */
int zone_want(sd_bus *bus, const char *machine, const char *zone, Error **reterr);
int zone_want_no_more(sd_bus *bus, const char *machine, const char *zone, Error **reterr);

/* Have a unit stop that nothing wants. systemd does so by itself for one with StopWhenUnneeded=, but not again within ten seconds in
 * which it has done so 16 times, and does not come back to it. Not waited for. */
void scope_stop_unwanted(sd_bus *bus, const char *unit);

/* The same in steps, as above. */
typedef struct PendingScope PendingScope;
int scope_begin(sd_bus *bus, const Registration *reg, PendingScope **ret, Error **reterr);
bool scope_is_answered(const PendingScope *p);
int scope_finish(PendingScope *p, char **ret_scope, Error **reterr);
PendingScope *scope_cancel(PendingScope *p); /* returns NULL */

/* Whether the scope's name is taken by one that does not run: systemd has not collected it yet, or systemd-machined still refers to it
 * since it could not start it (252 and 257 do, until they exit for having nothing to do, which is never while there are other machines).
 * 1 or 0. */
int scope_is_left_over(sd_bus *bus, const char *scope, Error **reterr);

/* Have systemd start systemd-machined anew, as each upgrade of its package does: it keeps its machines, and refers to nothing else. Not
 * waited for. */
void registration_let_go(sd_bus *bus);

/* After a cancelled registration of a leader that has ended, where nobody is to wait for a systemd that does not answer: it is told
 * to take away what it may yet make, and is not listened to. */
void registration_abandon(sd_bus *bus, const char *name);

/* UnregisterMachine; -ENXIO/no such machine is success. */
int registration_remove(sd_bus *bus, const char *name, Error **reterr);

/* KillMachine, whose polkit action is org.freedesktop.machine1.manage-machines: a signal to "leader" or "all". */
int registration_kill(sd_bus *bus, const char *name, const char *whom, int sig, Error **reterr);

/* Call `cb` when systemd asks the scope's controller to stop it (systemctl stop of the scope, machinectl terminate,
 * host shutdown). The bus must be watched by an event loop (bus-watch.h). It lasts as long as the bus: once for a name, also
 * where the machine reboots into a new scope of that name. May be called before the scope is there. */
int scope_watch_request_stop(sd_bus *bus, const char *scope, void (*cb)(void *userdata), void *userdata, Error **reterr);

/* Stop a scope, wait until it is stopped and its name is free again. No such scope is success. A scope with a
 * controller is asked first: the controller itself calls this only when the guest's init is dead, or it would wait
 * for its own answer. Unregister first: systemd-machined's reference keeps the name taken, and is waited for 5 s. */
int scope_stop(sd_bus *bus, const char *scope, Error **reterr);

/* Stop a slice that nothing is in any more; one with a unit file or drop-ins (limits set by the admin) is left, unless it had limits of ours,
 * whose drop-ins are removed by now (slice-settings.h): systemd is to forget them. */
int slice_stop(sd_bus *bus, const char *slice, bool was_limited, Error **reterr);

/* "machine-web\x2d1.scope", "machine-web\x2d1.slice", "nbox@web-1.service", and the name of the service that
 * `boot -d` makes, "nbox-boot-web-1.service": systemd makes no transient unit of a name that has a unit file, as every
 * nbox@NAME.service has. The caller's, NULL on out of memory. */
char *machine_scope_name(const char *name);
char *machine_slice_name(const char *name);
char *machine_service_name(const char *name);
char *machine_transient_service_name(const char *name);

/* "nbox-return@web\x2d1.service": what gives back the host's own interfaces when the machine's scope has ended. */
char *machine_return_service_name(const char *name);

/* "nbox-zone@lab.service": the service of a zone. */
char *zone_service_name(const char *zone);
