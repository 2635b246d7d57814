/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "oci-state.h"

/* One more process in a container that is created or runs: in its namespaces, its control group and under its filter. */
typedef struct OciJoin {
        const OciState *state;
        const OciSpec *spec;       /* oci_state_load_config() */
        const OciProcess *process;
        const char *pid_file;      /* or NULL */
        int console;               /* connected, for the terminal's master; or -1 */
        unsigned preserve_fds;
} OciJoin;

/* Before anything is opened: it may begin our program anew, from a sealed copy. */
int oci_join_prepare(const OciSpec *spec, const OciProcess *p, Error **reterr);

/* It is executed: *ret_pid is a child of ours. */
int oci_join(const OciJoin *j, pid_t *ret_pid, int *ret_pidfd, int *ret_master, Error **reterr);
