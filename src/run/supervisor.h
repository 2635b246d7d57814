/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "aside.h"
#include "assemble.h"
#include "attach.h"
#include "bus-watch.h"
#include "console-record.h"
#include "error.h"
#include "event-loop.h"
#include "health-watch.h"
#include "id-claim.h"
#include "init.h"
#include "kill-watch.h"
#include "lock.h"
#include "port-relays.h"
#include "machine-plan.h"
#include "memory-watch.h"
#include "network.h"
#include "readiness.h"
#include "record.h"
#include "stack.h"
#include "terminal.h"
#include "turn.h"

/* How much the guest has said of itself; supervisor-notify.c. */
typedef struct NotifyWatch {
        EventSource *source, *rest;
        uint64_t round; /* CLOCK_MONOTONIC µs: its beginning, and how many datagrams in it */
        unsigned count;
        time_t status_second; /* of STATUS=, how many in this second */
        unsigned status_count;
} NotifyWatch;

/* How the machine is brought to its end; supervisor-stop.c is what fills it. */
typedef struct Stopping {
        bool asked;             /* the end has been asked for, as `action` says */
        InitAction action;
        uint64_t began;         /* CLOCK_MONOTONIC µs */
        int helper;             /* pidfd of the process that asks the guest's init, or -1 */
        unsigned helpers;       /* how many there have been */
        EventSource *helper_end, *timer, *shown;
        KillWatch *kill_watch;  /* for what machinectl sends to an init that does not understand it, or NULL */
        bool timed_out;
        bool for_health;        /* nobody has asked but its checks */
        int killed_for;         /* the signal that a command did not take, or 0 */
} Stopping;

/* It is held still for a copy (freezing.c), or frozen until somebody thaws it (freezer.c). */
typedef struct Freezing {
        EventSource *connection, *silence; /* for a copy: NULL: it is not */
        bool stays;               /* then: it was frozen before */
        EventSource *changes; /* freezer.c: until it goes on again; NULL: nobody has frozen it by us */
        EventSource *late;    /* until all of it stands still */
        int *waiting;             /* who have asked for that, and are to be told */
        size_t n_waiting;
        uint64_t since, stood_usec; /* CLOCK_MONOTONIC, or 0; and how long it stood before, in µs */
} Freezing;

/* One running machine, as the process that started it and waits for its end sees it. Made by start.c, filled by
 * launch.c and enlist.c, driven by supervisor.c, taken apart by teardown.c. Every field is either "not there" (NULL, -1, false) or
 * a thing that teardown undoes; it can be called at any point. */

struct Supervisor {
        MachinePlan *plan;
        Image *image;
        ImageStack *stack; /* of that image */
        ImageLock *lock;
        IdClaim *ids;     /* of a range that is not the host's; or NULL */

        int record_dir; /* the claim on the name */
        MachineRecord *record;

        EventLoop *event;
        sd_bus *bus;      /* NULL: no systemd here */
        BusWatch *bus_watch;
        struct BusRenewal *renewal; /* while the machine runs; or NULL */
        char *unit;       /* the service we are, or NULL */
        bool restarts;    /* it starts us anew on UNIT_REBOOT_STATUS */
        char *scope;      /* the guest's, once it is there */
        bool registered;  /* with systemd-machined */
        bool abandoned;   /* systemd did not answer, and was not waited for */
        char *cgroup;     /* the guest's, relative to the hierarchy's root */
        bool cgroup_owned;
        bool network_attached;
        bool network_lingers;   /* network_end() */
        Attachment *attachment; /* until all of it is done (launch.c); or NULL */
        NetworkLease lease;
        int host_ifindex; /* the host's end of its link, or 0 */
        PortRelays *port_relays; /* its published ports at [::1], or NULL */
        int credentials;  /* credential-store.h; or -1. Not ours: it stays for the next life */
        const AssembleHome *home;
        bool is_home;     /* we have left our mount namespace for it */
        int stage;        /* that namespace, until the child has its copy; or -1 */
        Aside *leaving_stage, *leaving_mounts; /* while it goes, and the machine's own, if we keep that until its init has ended (launch.c) */
        bool staged;      /* the tree is mounted in our mount namespace, until the child has its copy */
        bool assembled;   /* there may be what assemble_overlay_clean() removes */

        pid_t leader;
        int leader_fd;    /* pidfd; -1 once it is reaped */
        int notify_fd;
        NotifyWatch notify;
        int control_fd;

        Terminal *terminals[1 + PLAN_TTYS]; /* [0] is the console */
        size_t n_terminals;
        ConsoleRecord *console; /* what is kept of terminals[0], from when the name is ours; or NULL */
        MachineEnd end;         /* what will stand there at last */
        Attach *attach;   /* our own terminal on the console */

        bool listens;     /* signals and requests are taken from the event loop */
        bool launched;    /* init runs, and can be told things; until then a stop is noted, and looked at where we wait */
        uint64_t launched_usec; /* CLOCK_MONOTONIC */
        Stopping stop;
        Freezing freezing;
        MemoryWatch memory;
        struct UsageSampler *sampler; /* what it uses, now and then; or NULL */

        Turn *turn;       /* while it starts in its turn; or NULL */
        bool waited;      /* for its turn, before it began */
        Readiness *readiness; /* while it is watched for; NULL: there is nothing to wait for */
        HealthWatch *health;  /* once it is ready, where it has checks; or NULL */
        bool up;              /* who waits for the start was told to go on */
        int report_fd;    /* of `boot -d` without systemd: who waits for us to be up; or -1 */
        int exit_status;  /* nbox's own, once the leader has ended */
        bool reboot;      /* it ended by asking for one */
        const char *failure;    /* why it could not be started or watched; borrowed for the time of the teardown, or NULL */
        int told;               /* what of it was written into that log: 0, 1 + a MachineState, or TOLD_END */
};

/* launch.c: from a claimed name to a running init. On failure teardown is still the caller's to call. Returns 0, or
 * -errno; -ENOENT and -EACCES/-ENOEXEC of the exec itself set exit_status to 127 and 126. */
int supervisor_launch(Supervisor *s, Error **reterr);

/* birth.c: the machine's first process, which goes on with child_main(). *ret_socket: what we speak with it by (child.h), the caller's. */
int supervisor_bear(Supervisor *s, int *ret_socket, Error **reterr);

/* supervisor.c: take signals and requests from the event loop, from now on. */
int supervisor_listen(Supervisor *s, Error **reterr);

/* Whether a signal that means an end waits for that. */
bool supervisor_is_signalled(void);

/* Do what was asked for meanwhile, without waiting. */
void supervisor_hear(Supervisor *s);

/* It was asked to end before its init ran: sets exit_status. */
bool supervisor_is_cancelled(Supervisor *s);

/* Until the machine has ended; sets exit_status and reboot. */
int supervisor_loop(Supervisor *s, Error **reterr);

/* supervisor-notify.c: listen to the guest. 0 or -errno. */
int supervisor_watch_notify(Supervisor *s);

/* Closes the socket, too. It waits for no guest. */
void supervisor_close_notify(Supervisor *s);

/* supervisor-stop.c: ask for an end, or (INIT_KILL) bring it about. 0: it is under way. 1: it was already, and is not disturbed; a reboot
 * becomes the power-off or halt that is asked for now. SUPERVISOR_STARTS: a reboot was asked for before init runs, which it is about to.
 * -EBUSY: it was already, and ends in something else than this. */
#define SUPERVISOR_STARTS 2

int supervisor_stop(Supervisor *s, InitAction action);

/* control-server.c: serve control.h, on control_fd where it is open already. */
int control_server_start(Supervisor *s, Error **reterr);

/* supervisor-record.c: put what the record says now on disk; the latter with another state. */
int supervisor_save_record(Supervisor *s, Error **reterr);
int supervisor_save_state(Supervisor *s, MachineState state, Error **reterr);

/* supervisor-tell.c: write into the log of events what the record says now, if it is something new; and the end. */
#define TOLD_END (-1)
void supervisor_tell_state(Supervisor *s);
void supervisor_tell_end(Supervisor *s);

/* What must be undone, written down before any of it is made. */
int supervisor_write_first_record(Supervisor *s, Error **reterr);

/* teardown.c: the tree is the child's alone. */
void supervisor_leave_tree(Supervisor *s);

/* teardown.c: undo everything, in an order that leaves no window in which a sweep would be needed; reports the
 * first thing that could not be undone. */
int supervisor_teardown(Supervisor *s, Error **reterr);
