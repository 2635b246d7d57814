/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-link.h"

#include <string.h>

#include "address.h"
#include "config.h"
#include "text.h"

#define ALIAS_FORMAT "nbox machine=%s address=%s mac=%s"
#define ALIAS_SCAN "nbox machine=%64[A-Za-z0-9.-] address=%15[0-9.] mac=%17[0-9a-f:]"
#define ALIAS_FIELDS 3
#define ALIAS_FIELDS_OLD 2 /* without the MAC address, which was added later */

#define UNZONED_FORMAT "nbox link=%s"
#define UNZONED_SCAN "nbox link=%64[A-Za-z0-9.-]"

void machine_link_name(const char *machine, unsigned number, char ret[IF_NAMESIZE]) {
        char who[MACHINE_NAME_MAX + 16];

        snprintf(who, sizeof(who), number > 0 ? "%s %u" : "%s", machine, number);
        snprintf(ret, IF_NAMESIZE, "nb-%012llx", string_hash(who) & 0xffffffffffffULL);
}

void machine_link_altname(const char *machine, unsigned number, char ret[ALTIFNAMSIZ]) {
        snprintf(ret, ALTIFNAMSIZ, number > 0 ? "nbox-%s_%u" : "nbox-%s", machine, number);
}

bool machine_link_parse(const LinkInfo *link, MachineLink *ret) {
        char address[ADDRESS_TEXT_MAX], mac[MAC_TEXT_MAX];
        int n;

        *ret = (MachineLink){};
        if (strcmp(link->kind, "veth") != 0)
                return false;
        n = sscanf(link->alias, ALIAS_SCAN, ret->machine, address, mac);
        if (n != ALIAS_FIELDS && n != ALIAS_FIELDS_OLD)
                return false;
        return address_parse(address, &ret->address) >= 0 && (n == ALIAS_FIELDS_OLD || mac_parse(mac, ret->mac) >= 0);
}

void machine_link_alias(const MachineLink *link, char ret[LINK_ALIAS_MAX]) {
        char address[ADDRESS_TEXT_MAX], mac[MAC_TEXT_MAX];

        snprintf(ret, LINK_ALIAS_MAX, ALIAS_FORMAT, link->machine, address_format(link->address, address), mac_format(link->mac, mac));
}

void machine_link_alias_unzoned(const char *machine, char ret[LINK_ALIAS_MAX]) {
        snprintf(ret, LINK_ALIAS_MAX, UNZONED_FORMAT, machine);
}

bool machine_link_owner(const LinkInfo *link, char ret[MACHINE_NAME_MAX + 1]) {
        MachineLink zoned;

        if (machine_link_parse(link, &zoned)) {
                memcpy(ret, zoned.machine, sizeof(zoned.machine));
                return true;
        }
        return strcmp(link->kind, "veth") == 0 && sscanf(link->alias, UNZONED_SCAN, ret) == 1;
}

bool machine_link_exists(Netlink *nl, const char *machine) {
        char name[IF_NAMESIZE];
        LinkInfo link;

        for (unsigned i = 0; i < NICS_MAX; i++) { /* nearly always it is the first; that may have been taken away */
                machine_link_name(machine, i, name);
                if (link_get(nl, name, &link) != -ENODEV)
                        return true;
        }
        return false;
}
