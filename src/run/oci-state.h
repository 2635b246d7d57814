/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "oci-spec.h"

/* What is kept of a container between the commands of an engine, in ROOT/ID/, which is root's alone:
 *
 *     state.json   what must be undone, and who its init is; written before anything of it is made, replaced atomically
 *     config.json  as the bundle had it when it was created
 *     start        the socket at which init waits for its start (oci-child.h)
 *
 * Nobody supervises a container of an engine's: whoever started us is to be told of init's end, and so it is his child once we have gone.
 * What state it is in is asked of the kernel each time: whether init lives, listens at `start`, stands still. */

#define OCI_ROOT "/run/nbox/oci"

typedef enum OciStatus { OCI_CREATING, OCI_CREATED, OCI_RUNNING, OCI_PAUSED, OCI_STOPPED } OciStatus;
const char *oci_status_name(OciStatus s);

typedef struct OciState {
        char *id, *path; /* of its directory, absolute */
        int lock;        /* that directory, locked while we change it; or -1 */
        char *bundle, *root, *created;
        pid_t pid;       /* of init; 0: not yet */
        uint64_t start_time;
        char *cgroup;    /* relative to the hierarchy's root, or NULL */
        char *scope;     /* systemd's, in which that is, or NULL */
        char *machine;   /* the name that it is registered by, or NULL */
        json_t *annotations; /* or NULL */
} OciState;

void oci_state_free(OciState *s);
DEFINE_CLEANUP(OciState *, oci_state_free);

/* -EINVAL: no id for a directory's name. */
int oci_id_check(const char *id, Error **reterr);

/* Take the id: -EEXIST where there is such a container. */
int oci_state_make(const char *root, const char *id, OciState **ret, Error **reterr);

/* -ENOENT where there is none; `locked`: nobody else changes it until it is freed. One whose making was cut short has no pid. */
int oci_state_open(const char *root, const char *id, bool locked, OciState **ret, Error **reterr);

/* The same, but nobody is waited for: -EBUSY where somebody has it. */
int oci_state_try(const char *root, const char *id, OciState **ret, Error **reterr);

int oci_state_save(const OciState *s, Error **reterr);
int oci_state_keep_config(const OciState *s, const OciSpec *spec, Error **reterr);
int oci_state_load_config(const OciState *s, OciSpec **ret, Error **reterr);
int oci_state_remove(OciState *s, Error **reterr);

/* A pidfd of init that is that very process; -ESRCH where it has ended. */
int oci_state_init(const OciState *s);
OciStatus oci_state_status(const OciState *s);

/* As the specification has it, for `state` and for hooks; a new reference, NULL on out of memory. */
json_t *oci_state_json(const OciState *s, OciStatus status);

/* Ids, sorted; the caller's. */
int oci_state_list(const char *root, char ***ret, Error **reterr);
