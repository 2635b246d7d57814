/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* The machine's published ports where no rule leads to it (port-relay.h): the supervisor listens for each while nobody uses it, and
 * starts a relay when somebody does. See port-relays.c. */

typedef struct Supervisor Supervisor;
typedef struct PortRelays PortRelays;

/* Listen, once the loop runs: who waits for no sign of the machine's has been told by then. What cannot be had is warned about. */
void port_relays_begin(Supervisor *s);

/* The ports are others now, as the machine's file (endpoint.h) says. Those that are gone fall silent before this returns. 0 or -errno. */
int port_relays_update(Supervisor *s, Error **reterr);

/* No port is listened for any more, and nothing is carried. */
void port_relays_end(Supervisor *s);
