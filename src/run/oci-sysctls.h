/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "oci-spec.h"

/* linux.sysctl, by a process that is in the container's namespaces and still sees the host's /proc: the kernel shows there what is of
 * whoever looks. What is of no namespace is the host's, and is refused. */
int oci_sysctls_set(const OciSpec *s, Error **reterr);

/* The i-th that may be set; with a dot at its end: all that begin so. NULL behind the last. */
const char *oci_sysctl_beginning(size_t i);
