/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *address_format(uint32_t address, char ret[ADDRESS_TEXT_MAX]) {
        snprintf(ret, ADDRESS_TEXT_MAX, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff, address >> 8 & 0xff, address & 0xff);
        return ret;
}

int address_parse(const char *text, uint32_t *ret) {
        struct in_addr a;

        if (inet_pton(AF_INET, text, &a) != 1)
                return -EINVAL;
        *ret = ntohl(a.s_addr);
        return 0;
}

IpAddress ip_v4(uint32_t address) {
        return address ? (IpAddress){ .family = AF_INET, .v4 = address } : (IpAddress){};
}

IpAddress ip_v6(const struct in6_addr *address) {
        return (IpAddress){ .family = AF_INET6, .v6 = *address };
}

bool ip_same(const IpAddress *a, const IpAddress *b) {
        if (a->family != b->family)
                return false;
        return a->family == AF_INET ? a->v4 == b->v4 : a->family != AF_INET6 || memcmp(&a->v6, &b->v6, sizeof(a->v6)) == 0;
}

bool ip_is_loopback(const IpAddress *a) {
        return a->family == AF_INET ? a->v4 >> 24 == 127 : a->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->v6);
}

const char *ip_format(const IpAddress *a, char ret[IP_TEXT_MAX]) {
        if (a->family == AF_INET)
                return address_format(a->v4, ret);
        if (a->family != AF_INET6 || !inet_ntop(AF_INET6, &a->v6, ret, IP_TEXT_MAX))
                *ret = 0;
        return ret;
}

int ip_parse(const char *text, IpAddress *ret) {
        struct in6_addr v6;
        uint32_t v4;

        if (address_parse(text, &v4) >= 0)
                *ret = (IpAddress){ .family = AF_INET, .v4 = v4 };
        else if (inet_pton(AF_INET6, text, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6) && !IN6_IS_ADDR_UNSPECIFIED(&v6))
                *ret = ip_v6(&v6);
        else
                return -EINVAL;
        return 0;
}

const char *mac_format(const uint8_t m[6], char ret[MAC_TEXT_MAX]) {
        snprintf(ret, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
        return ret;
}

int mac_parse(const char *text, uint8_t ret[6]) {
        uint8_t m[6];
        int n = 0;

        /* the digits first, for scanf(3) would take a sign and white space, too */
        if (strlen(text) != MAC_TEXT_MAX - 1 || text[strspn(text, "0123456789abcdefABCDEF:")] ||
            sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", m, m + 1, m + 2, m + 3, m + 4, m + 5, &n) != 6 || n != MAC_TEXT_MAX - 1)
                return -EINVAL;
        memcpy(ret, m, sizeof(m));
        return 0;
}
