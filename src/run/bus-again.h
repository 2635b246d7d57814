/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The system bus is started anew under a machine that runs: the supervisor is on it again, and what hung on the old one is mended. */

typedef struct Supervisor Supervisor;

void bus_again_begin(Supervisor *s);
void bus_again_end(Supervisor *s);
