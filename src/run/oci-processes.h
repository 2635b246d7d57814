/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "oci-state.h"

/* All processes of a container, by its cgroup and those below; at most so many. */
#define OCI_PROCESSES_MAX 65536

/* *ret is the caller's. */
int oci_processes(const OciState *s, pid_t **ret, size_t *ret_n, Error **reterr);

/* To each; who is born meanwhile is spared: the container stands still for that time. */
int oci_kill_all(const OciState *s, int sig, Error **reterr);
