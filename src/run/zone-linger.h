/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A process that outlives us, and sweeps the zones that network_end() has left when their moment has passed (network_linger()). `left` stays
 * the caller's, who closes it. Where no process can be made, the next nbox sweeps. */
void zone_linger_spawn(int left);
