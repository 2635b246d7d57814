/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "oci-state.h"

/* linux.seccomp.listenerPath: what the filter's notifications are read from goes to whoever listens there, with the container's state. */
int oci_notify_send(const OciState *s, const OciSpec *spec, int listener, Error **reterr);
