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
