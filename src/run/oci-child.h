/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "oci-seccomp.h"
#include "oci-spec.h"
#include "oci-state.h"
#include "oci-tree.h"

/* A container's init, from its birth to the exec of its process. It makes all of the container but for what takes rights over the host, and
 * then waits, in the container, until somebody connects to the socket `start` and says so: what listens there is a container that is created
 * and not started, and nothing else tells so.
 *
 * `create` says                                   init says
 *   OCI_GO: maps are written, it is in its group
 *                                                 OCI_HOOKS: its namespaces are made, and nothing of its tree
 *   OCI_GO: the runtime's hooks have been run
 *                                                 OCI_READY + the terminal's master: it waits
 * OCI_GO: it is written down
 *                                                 OCI_READY: and lives without `create`
 * `start` says
 *   OCI_GO
 *                                                 OCI_LISTENER + the filter's
 *                                                 the end: its process is executed
 * Instead of any of init's: an OciFailure. */

enum {
        OCI_GO = 'g',
        OCI_HOOKS = 'h',
        OCI_READY = 'r',
        OCI_LISTENER = 'l',
        OCI_FAILED = 'f',
};

typedef struct OciGo {
        char type; /* OCI_GO */
        pid_t pid; /* the first: init's own, as the host has it */
} OciGo;

typedef struct OciFailure {
        char type; /* OCI_FAILED */
        int code;
        char message[512];
} OciFailure;

typedef struct OciChild {
        const OciSpec *spec;
        const OciFilter *filter;
        OciTree *tree;
        json_t *state;   /* for hooks: as it will be */
        int socket;      /* to `create` */
        int start;       /* it listens */
        bool pivot, new_keyring;
        unsigned preserve_fds;
        int stay[2];     /* what must not be in the child: closed there, or -1 */
} OciChild;

_Noreturn void oci_child_main(const OciChild *c);

/* What the other side hears: 0 for `what`, with at most one descriptor in *ret_fd (or NULL: none is taken); 1 for the end; or the failure. */
int oci_child_hear(int socket, char what, int *ret_fd, Error **reterr);

/* For either: tell of a failure and end. */
_Noreturn void oci_child_fail(int socket, int r, const Error *error);
