/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "oci-state.h"

/* A container's life, as an engine has it in steps. `root` is where states are kept (OCI_ROOT). */

typedef struct OciCreate {
        const char *root, *id, *bundle;
        const char *pid_file, *console_socket; /* or NULL */
        bool systemd_cgroup, no_cgroup, no_pivot, no_new_keyring;
        unsigned preserve_fds;
} OciCreate;

/* All of it up to the exec of its process, whose parent is the caller's when the caller has gone. On failure nothing is left. */
int oci_create(const OciCreate *how, Error **reterr);

int oci_start(const char *root, const char *id, Error **reterr);

/* -EINVAL where it has not ended, unless `force`: then it is killed. 0 for one that is not there, with `force`. */
int oci_delete(const char *root, const char *id, bool force, Error **reterr);

/* To init, or to all that is in it. -ESRCH where it has ended. */
int oci_kill(const char *root, const char *id, int sig, bool all, Error **reterr);

/* Clear away what a killed `create` has left: how many there were. What has come to be is its engine's to delete. */
int oci_sweep(const char *root, Error **reterr);

/* oci-create.c's: take away what has been made; the state goes last. */
int oci_undo(OciState *s, Error **reterr);

int oci_write_pid_file(const char *path, pid_t pid, Error **reterr);
