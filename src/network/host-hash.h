/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* Numbers that differ from host to host, for two that share a wire, and are the same over reboots: made of the
 * machine-id where there is one, else of the host's name. */
uint64_t host_hash(const char *purpose);

/* A locally administered MAC address for a purpose ("bridge default"). */
void stable_mac(const char *purpose, uint8_t ret[6]);
