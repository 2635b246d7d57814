/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "libsystemd.h"
#include "strv.h"

/* All that systemd-machined knows of, whoever started it (org.freedesktop.machine1(5)): our machines that are registered, systemd-nspawn's,
 * libvirt's, and ".host", which is the host. What it is asked to do is allowed or not by polkit. An unknown name is -ESRCH. */

typedef struct MachinedMachine {
        char *name, *class, *service, *unit, *root, *state;
        char id[33];              /* "" where it has none */
        pid_t leader;
        uint64_t since_usec;      /* CLOCK_REALTIME */
        uint64_t since_monotonic_usec;
        int32_t *ifindices;       /* the host's ends of its links */
        size_t n_ifindices;
} MachinedMachine;

void machined_machine_done(MachinedMachine *m);

/* Names of all, sorted; the caller's. */
int machined_list(sd_bus *bus, char ***ret, Error **reterr);

/* 1 and its facts, 0 where machined does not know it, or is not there. */
int machined_find(sd_bus *bus, const char *name, MachinedMachine *ret, Error **reterr);

/* -ESRCH with an Error where machined does not know it. */
int machined_get(sd_bus *bus, const char *name, MachinedMachine *ret, Error **reterr);

/* What it asks the machine itself for. One whose addresses or whose os-release it cannot read has none. */
int machined_addresses(sd_bus *bus, const char *name, char ***ret, Error **reterr);
typedef struct MachinedOs {
        char *id, *version_id, *pretty_name;
} MachinedOs;
void machined_os_done(MachinedOs *os);
int machined_os(sd_bus *bus, const char *name, MachinedOs *ret, Error **reterr);

/* The cgroup of the unit that a machine is in; the caller's. */
int machined_unit_cgroup(sd_bus *bus, const char *unit, char **ret, Error **reterr);

int machined_terminate(sd_bus *bus, const char *name, Error **reterr);

/* A terminal with a login prompt, or with a user's shell or command (argv NULL: his shell), in a machine that has a systemd of its own, or on
 * the host: a new session, with nothing of ours. *ret_pty: the master's side. */
typedef struct MachinedShell {
        const char *name, *user;
        char *const *argv;        /* argv[0]: an absolute path inside */
        char *const *environment; /* NAME=value */
} MachinedShell;
int machined_open_shell(sd_bus *bus, const MachinedShell *q, int *ret_pty, Error **reterr);
int machined_open_login(sd_bus *bus, const char *name, int *ret_pty, Error **reterr);

/* As machinectl(1) copy-to, copy-from and bind. */
typedef struct MachinedCopy {
        const char *name, *from, *to;
        bool to_machine, force;
} MachinedCopy;
int machined_copy(sd_bus *bus, const MachinedCopy *q, Error **reterr);
typedef struct MachinedBind {
        const char *name, *from, *to;
        bool read_only, mkdir;
} MachinedBind;
int machined_bind(sd_bus *bus, const MachinedBind *q, Error **reterr);
