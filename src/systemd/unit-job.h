/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "libsystemd.h"

/* A start or a stop of a unit that is not waited for at once, so that there can be many of them on one bus. They end while the bus is
 * processed (bus_step()). */

typedef struct UnitJob UnitJob;

/* `unit` is copied. */
int unit_job_start(sd_bus *bus, const char *unit, UnitJob **ret, Error **reterr);
int unit_job_stop(sd_bus *bus, const char *unit, UnitJob **ret, Error **reterr);

bool unit_job_is_over(const UnitJob *j);

/* Then: as unit_start() and unit_stop() have it. */
int unit_job_end(UnitJob *j, Error **reterr);

/* What systemd does for it goes on. */
UnitJob *unit_job_free(UnitJob *j); /* returns NULL */

/* The bus, for as long as `usec`: 0, also when nothing came. */
int unit_jobs_process(sd_bus *bus, uint64_t usec, Error **reterr);
