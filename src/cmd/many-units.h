/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "libsystemd.h"

/* Starting and stopping machines as services: some of them at once, and in their order (start-order.h): who comes after another one of them is
 * started when that one is up, and stopped before it. What becomes of each is said; one's failure does not keep the others waiting, nor those
 * that come after it. Returns the verb's status, or -errno where there was one machine, or none could be tried. */

int many_units_start(sd_bus *bus, char *const *names, Error **reterr);
int many_units_stop(sd_bus *bus, char *const *names, Error **reterr);
