/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-name.h"

#include <string.h>

#include "name.h"
#include "network.h"

int zone_name_check(const char *zone, Error **reterr) {
        if (strlen(zone) <= ZONE_NAME_MAX && machine_name_is_valid(zone))
                return 0;
        error_set(reterr, EINVAL, "'%.40s' is not a zone's name", zone);
        return error_hint(reterr, -EINVAL, "It takes 1 to 12 letters, digits, '-' and '.', as in a host name.");
}

void zone_bridge_name(const char *zone, char ret[IF_NAMESIZE]) {
        if (strcmp(zone, ZONE_DEFAULT) == 0)
                snprintf(ret, IF_NAMESIZE, "nbox0");
        else
                snprintf(ret, IF_NAMESIZE, "nz-%.12s", zone);
}

bool zone_name_of_bridge(const char *bridge, char ret[ZONE_NAME_MAX + 1]) {
        char back[IF_NAMESIZE];
        const char *zone = strncmp(bridge, "nz-", 3) == 0 ? bridge + 3 : ZONE_DEFAULT;

        if (zone_name_check(zone, NULL) < 0)
                return false;
        zone_bridge_name(zone, back);
        if (strcmp(back, bridge) != 0)
                return false;
        snprintf(ret, ZONE_NAME_MAX + 1, "%s", zone);
        return true;
}
