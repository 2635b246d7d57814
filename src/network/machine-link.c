/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-link.h"

#include <arpa/inet.h>
#include <string.h>

#include "text.h"

#define ALIAS_FORMAT "nbox machine=%s address=%s mac=%02x:%02x:%02x:%02x:%02x:%02x"
#define ALIAS_SCAN "nbox machine=%64[A-Za-z0-9.-] address=%15[0-9.] mac=%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx"
#define ALIAS_FIELDS 8
#define ALIAS_FIELDS_OLD 2 /* without the MAC address, which was added later */

void machine_link_name(const char *machine, unsigned number, char ret[IF_NAMESIZE]) {
        char who[MACHINE_NAME_MAX + 16];

        snprintf(who, sizeof(who), number > 0 ? "%s %u" : "%s", machine, number);
        snprintf(ret, IF_NAMESIZE, "nb-%012llx", string_hash(who) & 0xffffffffffffULL);
}

void machine_link_altname(const char *machine, unsigned number, char ret[ALTIFNAMSIZ]) {
        snprintf(ret, ALTIFNAMSIZ, number > 0 ? "nbox-%s_%u" : "nbox-%s", machine, number);
}

bool machine_link_parse(const LinkInfo *link, MachineLink *ret) {
        char text[16];
        struct in_addr a;
        int n;

        *ret = (MachineLink){};
        if (strcmp(link->kind, "veth") != 0)
                return false;
        n = sscanf(link->alias, ALIAS_SCAN, ret->machine, text, ret->mac, ret->mac + 1, ret->mac + 2, ret->mac + 3, ret->mac + 4,
                   ret->mac + 5);
        if (n != ALIAS_FIELDS && n != ALIAS_FIELDS_OLD)
                return false;
        if (inet_pton(AF_INET, text, &a) != 1)
                return false;
        ret->address = ntohl(a.s_addr);
        return true;
}

bool machine_of_link(const LinkInfo *link, char ret_machine[MACHINE_NAME_MAX + 1], uint32_t *ret_address) {
        MachineLink m;

        if (!machine_link_parse(link, &m))
                return false;
        memcpy(ret_machine, m.machine, sizeof(m.machine));
        *ret_address = m.address;
        return true;
}

void machine_link_alias(const MachineLink *link, char ret[LINK_ALIAS_MAX]) {
        struct in_addr address = { htonl(link->address) };
        const uint8_t *m = link->mac;
        char text[INET_ADDRSTRLEN];

        snprintf(ret, LINK_ALIAS_MAX, ALIAS_FORMAT, link->machine, inet_ntop(AF_INET, &address, text, sizeof(text)), m[0], m[1], m[2], m[3],
                 m[4], m[5]);
}

bool machine_link_exists(Netlink *nl, const char *machine) {
        char name[IF_NAMESIZE];
        LinkInfo link;

        machine_link_name(machine, 0, name);
        return link_get(nl, name, &link) != -ENODEV;
}
