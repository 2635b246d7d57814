/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "assemble.h"
#include "error.h"
#include "libsystemd.h"
#include "machine-plan.h"

/* `boot -d`: the supervisor goes into the background and the caller returns when the machine is up.
 *
 * Under systemd it is a transient service that runs this very command line, for a process of ours would end with
 * the login session that it was started in. Elsewhere it is a forked process with a session of its own.
 *
 * bus is NULL where there is no systemd. Returns 0 in the process that is to be its supervisor, with *report_fd set; in the caller one
 * of those below, or -errno with the supervisor's own error. */
enum {
        DETACHED_UP = 1,
        DETACHED_LEFT, /* who waits has had enough of it (^C); the machine boots on */
};

typedef struct DetachRequest {
        const MachinePlan *plan;
        sd_bus *bus;
        int argc;
        char **argv;
        int credentials; /* credential-store.h, for a service's standard input; or -1 */
        AssembleHome *home; /* in the background there is no directory to go back to */
} DetachRequest;

int detach(const DetachRequest *q, int *report_fd, Error **reterr);

/* Whether we are that service already: a restart of it reads the same command line. */
bool detach_is_done(const MachinePlan *p);

/* By the supervisor: the machine is up, or how it failed. Closes *fd and sets it to -1; nothing when it is -1. */
void detach_report_ready(int *fd);
void detach_report_failure(int *fd, int r, const Error *e);
