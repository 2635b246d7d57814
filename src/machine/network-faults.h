/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "repair.h"

/* What is missing of the network, looked at and mended: network_inspect() and network_repair(), and with them what the supervisors of
 * machines do for published ports, which is no rule (port-listen.h). */

int network_faults_find(NetworkState *ret, Error **reterr);
int network_faults_mend(NetworkState *ret, Error **reterr);
