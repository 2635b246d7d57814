/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* IPv4 addresses, in host byte order, and MAC addresses, as text and back. */

#define ADDRESS_TEXT_MAX 16 /* "255.255.255.255" and a NUL */
const char *address_format(uint32_t address, char ret[ADDRESS_TEXT_MAX]); /* returns `ret` */
int address_parse(const char *text, uint32_t *ret);                       /* 0 or -EINVAL; four numbers, nothing else */

#define MAC_TEXT_MAX 18 /* "02:00:5e:10:00:01" and a NUL */
const char *mac_format(const uint8_t mac[6], char ret[MAC_TEXT_MAX]); /* returns `ret` */
int mac_parse(const char *text, uint8_t ret[6]);                      /* 0 or -EINVAL; two digits a byte */
