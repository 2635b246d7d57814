/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "oci-state.h"

/* A container in which a whole OS runs is a machine: it is registered with systemd-machined, and has a record, by which `nbox list`, status, login
 * and exec know it. It stays the engine's: no supervisor of ours holds it, and what ends it is the engine.
 *
 * It is one where its process is an init, or where the annotation io.nbox.machine is its name; "no" there makes none of it. */
#define OCI_MACHINE_ANNOTATION "io.nbox.machine"

/* Once init waits. What fails is said and takes nothing from the container. s->machine is its name then, and stands in the state. */
void oci_machine_enlist(OciState *s, const OciSpec *spec);

/* Its init is executed. */
void oci_machine_started(const OciState *s);

/* When it has ended, or is about to be. */
void oci_machine_strike(const OciState *s);
