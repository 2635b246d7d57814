/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* IPv4 addresses, in host byte order, addresses of either family, and MAC addresses, as text and back. */

#define ADDRESS_TEXT_MAX 16 /* "255.255.255.255" and a NUL */
const char *address_format(uint32_t address, char ret[ADDRESS_TEXT_MAX]); /* returns `ret` */
int address_parse(const char *text, uint32_t *ret);                       /* 0 or -EINVAL; four numbers, nothing else */

/* An address of either family, or none at all, which is all zero. */
typedef struct IpAddress {
        int family; /* AF_INET, AF_INET6; 0: none */
        union {
                uint32_t v4; /* host byte order */
                struct in6_addr v6;
        };
} IpAddress;

IpAddress ip_v4(uint32_t address); /* of 0: none */
IpAddress ip_v6(const struct in6_addr *address);
bool ip_same(const IpAddress *a, const IpAddress *b);
bool ip_is_loopback(const IpAddress *a); /* 127.0.0.0/8, ::1 */

#define IP_TEXT_MAX INET6_ADDRSTRLEN                                  /* 46 */
const char *ip_format(const IpAddress *a, char ret[IP_TEXT_MAX]);    /* returns `ret`; "" for none */
int ip_parse(const char *text, IpAddress *ret);                      /* 0 or -EINVAL; no brackets, no zone id; IPv4 in IPv6 is refused */

#define MAC_TEXT_MAX 18 /* "02:00:5e:10:00:01" and a NUL */
const char *mac_format(const uint8_t mac[6], char ret[MAC_TEXT_MAX]); /* returns `ret` */
int mac_parse(const char *text, uint8_t ret[6]);                      /* 0 or -EINVAL; two digits a byte */
