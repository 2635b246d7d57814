/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "bus-watch.h"
#include "event-loop.h"
#include "host-watch.h"

/* What the sources of host-watch.h share. */

/* A machine that lives, as far as it is known. */
typedef struct WatchedMachine {
        HostWatch *watch;
        char *name;
        pid_t leader_pid;
        EventSource *leader, *supervisor; /* pidfds; NULL: it has ended, or is not known */
        bool had_supervisor;  /* there was one to watch */
        bool reboots;         /* between two lives, where its supervisor may come and go */
        int frozen_watch;     /* its cgroup.events among the watches of frozen, or -1 */
        bool frozen;
} WatchedMachine;

struct HostWatch {
        EventLoop *loop;
        HostWatchHandler handler;
        void *userdata;

        EventReader *log;
        EventSource *log_source;

        WatchedMachine **machines;
        size_t n_machines;
        int records;  /* inotify: RUN_DIRECTORY/machines */
        bool has_records;
        EventSource *records_source;
        int frozen;   /* inotify: each machine's cgroup.events */
        EventSource *frozen_source;

        sd_bus *bus;  /* NULL: none, or not wanted */
        BusWatch *bus_watch;
        char **others; /* names of machines that are not ours */

        struct ImageWatch *images; /* NULL: not wanted */
};

/* Takes e over. What the handler says. */
int host_watch_say(HostWatch *w, HostEvent *e);

/* What the log has by now; before anything else is believed to have happened. */
int host_watch_read_log(HostWatch *w);

/* host-watch-machines.c: the machines that run, and what becomes of each. */
int watch_machines_begin(HostWatch *w, Error **reterr);
void watch_machines_end(HostWatch *w);
int watch_machines_hear(HostWatch *w, const HostEvent *e); /* an event of the log, before it is passed on */
int watch_machines_look_again(HostWatch *w); /* which of them are gone; after an overflow */

/* host-watch-others.c */
int watch_others_begin(HostWatch *w, Error **reterr);
void watch_others_end(HostWatch *w);

/* host-watch-images.c */
int watch_images_begin(HostWatch *w, Error **reterr);
void watch_images_end(HostWatch *w);
