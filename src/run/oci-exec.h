/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "oci-seccomp.h"
#include "oci-spec.h"

/* The last steps of a container's process, of init as of what `exec` runs beside it. */

typedef struct OciExec {
        const OciProcess *process;
        const OciFilter *filter;
        int personality;       /* or -1 */
        bool joins;            /* it is none's first process */
        unsigned preserve_fds; /* that stay open behind the first three */
        /* Tells of the filter's listener, which is his; or NULL. */
        int (*give_listener)(int listener, void *userdata, Error **reterr);
        void *userdata;
} OciExec;

/* From outside, before it goes on: what takes rights over the host. */
int oci_exec_limits(const OciProcess *p, pid_t pid, Error **reterr);

/* Whether the host has what its labels need; with a label for mounts, or NULL. */
int oci_exec_check(const OciProcess *p, const char *mount_label, Error **reterr);

/* A list as cpuset.cpus has it, or NULL. */
int oci_exec_use_cpus(const char *list, Error **reterr);

/* While /proc is the host's: labels, and where it is counted. */
int oci_exec_labels(const OciProcess *p, Error **reterr);

/* In the container: what would be executed; -ENOENT or -EACCES as execvp(3) has it, in words that engines look for. *ret is the caller's. */
int oci_exec_find(const OciProcess *p, char **ret, Error **reterr);

/* Returns on failure only. */
int oci_exec(const OciExec *e, Error **reterr);
