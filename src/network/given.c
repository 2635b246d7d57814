/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "given.h"

#include <string.h>
#include <sys/stat.h>

#include "strv.h"
#include "zone.h"

#define OWN_ALIAS "nbox "

void given_done(Given *g) {
        strv_free(g->altnames);
        *g = (Given){};
}

static bool is_wireless(const char *name) {
        char path[64];

        snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", name);
        return access(path, F_OK) >= 0;
}

static int refuse_own(const LinkInfo *link, Error **reterr) {
        error_set(reterr, EPERM, "The link '%s' is nbox's own", link->name);
        return error_hint(reterr, -EPERM, "A machine gets an interface in a zone with --network-zone=NAME.");
}

static int check_master(Netlink *nl, const LinkInfo *link, char ret[IF_NAMESIZE], Error **reterr) {
        char zone[ZONE_NAME_MAX + 1], name[IF_NAMESIZE];
        LinkInfo master;

        if (link->master == 0 || !if_indextoname((unsigned) link->master, name) || link_get(nl, name, &master) < 0)
                return 0;
        if (zone_of_bridge(&master, zone)) {
                error_set(reterr, EPERM, "The link '%s' is the way out of the zone '%s'", link->name, zone);
                return error_hint(reterr, -EPERM, "`nbox zone show %s` has more.", zone);
        }
        snprintf(ret, IF_NAMESIZE, "%s", name);
        return 0;
}

static int check(const LinkInfo *link, Error **reterr) {
        char zone[ZONE_NAME_MAX + 1];

        if (link->loopback)
                return error_set(reterr, EPERM, "The loopback interface stays with the host: each machine has its own");
        if (strncmp(link->alias, OWN_ALIAS, strlen(OWN_ALIAS)) == 0 || zone_of_bridge(link, zone))
                return refuse_own(link, reterr);
        if (is_wireless(link->name)) {
                error_set(reterr, EOPNOTSUPP, "'%s' is a wireless interface: it changes its namespace with its radio (phy) only, which "
                          "nbox does not move", link->name);
                return error_hint(reterr, -EOPNOTSUPP, "`iw phy PHY set netns PID` moves it into a machine that runs, PID being `nbox show -p "
                                  "Leader --value NAME`.");
        }
        return 0;
}

uint64_t given_home(void) {
        struct stat st;

        return stat("/proc/thread-self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

int given_look(Netlink *nl, const char *name, Given *ret, Error **reterr) {
        LinkDetails d = {};
        Given g = {};
        int r;

        r = link_look(nl, name, &d);
        if (r == -ENODEV) {
                error_set(reterr, r, "There is no interface '%s' on this host", name);
                return error_hint(reterr, r, "`ip link` shows what there is.");
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot look at the interface '%s'", name);
        r = check(&d.link, reterr);
        if (r >= 0)
                r = check_master(nl, &d.link, g.master, reterr);
        if (r < 0) {
                link_details_done(&d);
                return r;
        }
        g.index = d.link.index;
        g.below = d.link.peer;
        g.mtu = d.mtu;
        g.flags = d.flags;
        g.group = d.group;
        g.up = d.link.up;
        g.home = given_home();
        snprintf(g.name, sizeof(g.name), "%s", d.link.name);
        snprintf(g.kind, sizeof(g.kind), "%s", d.link.kind);
        snprintf(g.parent, sizeof(g.parent), "%s", d.parent);
        snprintf(g.alias, sizeof(g.alias), "%s", d.link.alias);
        memcpy(g.mac, d.link.mac, sizeof(g.mac));
        memcpy(g.permanent, d.permanent, sizeof(g.permanent));
        g.altnames = TAKE_PTR(d.altnames);
        *ret = g;
        return 0;
}
