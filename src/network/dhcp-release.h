/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* Give a lease back in the name of whoever has it: DHCPRELEASE (RFC 2131), sent to the server at `server` and not waited for. A
 * machine that is powered off does not do so itself, and its address would stay its own in the server's eyes after another has
 * been given it. Addresses in host byte order. 0 or -errno. */
int dhcp_release(uint32_t server, uint32_t address, const uint8_t mac[6]);
