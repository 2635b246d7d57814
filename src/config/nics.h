/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"

/* An interface as text: NAME[,address=A][,mac=M], which --network-zone= reads back as the same. */
#define NIC_TEXT_MAX (ZONE_NAME_MAX + sizeof(",address=255.255.255.255,mac=00:00:00:00:00:00"))
void nic_format(const NicConfig *nic, char ret[NIC_TEXT_MAX]);
