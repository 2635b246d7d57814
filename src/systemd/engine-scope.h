/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "error.h"
#include "libsystemd.h"

/* The scope of a container that an engine has us make (nbox-oci(1)): its name and its slice are the engine's, and nobody of ours controls it. */

typedef struct EngineScope {
        const char *scope, *slice;
        const char *container;     /* its id, for people */
        pid_t pid;                 /* of its init, which is moved into it */
        char *const *properties;   /* "NAME=VALUE": the value in GVariant's text form, as runtimes take it from annotations; or NULL */
} EngineScope;

/* -EEXIST: there is such a unit. */
int engine_scope_start(sd_bus *bus, const EngineScope *s, Error **reterr);

/* No such scope is success. */
int engine_scope_stop(sd_bus *bus, const char *scope, Error **reterr);
