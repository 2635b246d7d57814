/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "address.h"
#include "config.h"
#include "ready.h"

/* One check of [Health] Check=: what must be so for a machine to be well. Words that Ready= has, too, are read and mean as there. */

typedef enum HealthCheckKind {
        CHECK_INIT,    /* its init says that all it has started is well */
        CHECK_COMMAND, /* one that is run inside succeeds */
        CHECK_PORT,    /* somebody listens there */
        CHECK_HTTP,    /* a server inside answers with a status of 200 to 399 */
} HealthCheckKind;

typedef struct HealthCheck {
        HealthCheckKind kind;
        char *text;           /* as it was given, and as people read it */
        ReadyCondition ready; /* CHECK_COMMAND: argv; CHECK_PORT: protocol, port */
        IpAddress address;    /* CHECK_HTTP, as it is seen inside; none: its loopback */
        uint16_t port;        /* host byte order */
        char *host;           /* for the request's Host field: "localhost:8080" */
        char *path;           /* and its target: "/", "/ready?deep=1"; no blanks, nothing but ASCII */
} HealthCheck;

#define HEALTH_CHECKS_MAX 16 /* a machine */

#define HEALTH_INTERVAL_USEC (30 * UINT64_C(1000000))
#define HEALTH_TIMEOUT_USEC (30 * UINT64_C(1000000))
#define HEALTH_RETRIES 3

/* All that can be wrong with it, but for what depends on other settings. -EINVAL or -ENOMEM. */
int health_check_parse(const char *text, HealthCheck *ret, Error **reterr);

/* Whether its checks are made: of a command that somebody waits for, only those that are said with it. */
bool config_wants_health(const MachineConfig *c);

void health_check_done(HealthCheck *c);
