/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "machine-plan.h"

/* The services (zone-service.h) of the zones that a machine is in. Whose they are depends on the host: with systemd they are
 * units that the machine's scope wants, so that they come with the first machine and go with the last. */

typedef struct Supervisor Supervisor;

/* Said before anything is started, to whoever starts it: this host has no program for them. Once for a zone, when it comes up. */
void zone_services_warn(const MachinePlan *p);

/* The units' names, a string array that is the caller's; NULL where none is wanted. */
int zone_services_units(const Supervisor *s, char ***ret, Error **reterr);

/* Without systemd: a process for each that does not run yet. It is nobody's child, and ends with the zone's last machine. What fails
 * is warned about: a machine does without. */
void zone_services_spawn(const Supervisor *s);

/* The same of one zone, where it has no service yet. */
void zone_service_spawn(const char *zone);
