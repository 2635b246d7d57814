/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-link.h"

#include <arpa/inet.h>
#include <string.h>

#include "text.h"


#define ALIAS_FORMAT "nbox machine=%s address=%s"
#define ALIAS_SCAN "nbox machine=%64[A-Za-z0-9.-] address=%15[0-9.]"

void machine_link_name(const char *machine, char ret[IF_NAMESIZE]) {
        snprintf(ret, IF_NAMESIZE, "nb-%012llx", string_hash(machine) & 0xffffffffffffULL);
}

bool machine_of_link(const LinkInfo *link, char ret_machine[MACHINE_NAME_MAX + 1], uint32_t *ret_address) {
        char text[16];
        struct in_addr a;

        if (strcmp(link->kind, "veth") != 0 || sscanf(link->alias, ALIAS_SCAN, ret_machine, text) != 2 ||
            inet_pton(AF_INET, text, &a) != 1)
                return false;
        *ret_address = ntohl(a.s_addr);
        return true;
}

void machine_link_alias(const char *machine, struct in_addr address, char ret[LINK_ALIAS_MAX]) {
        char text[INET_ADDRSTRLEN];

        snprintf(ret, LINK_ALIAS_MAX, ALIAS_FORMAT, machine, inet_ntop(AF_INET, &address, text, sizeof(text)));
}

bool machine_link_exists(Netlink *nl, const char *machine) {
        char name[IF_NAMESIZE];
        LinkInfo link;

        machine_link_name(machine, name);
        return link_get(nl, name, &link) != -ENODEV;
}
