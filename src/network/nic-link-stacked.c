/* SPDX-License-Identifier: GPL-2.0-or-later */

/* macvlan and ipvlan: links on top of one of the host's. They have no end on the host, so there is nothing to name, to sweep or to look
 * for. */

#include <string.h>
#include <unistd.h>

#include "link-find.h"
#include "nic-link.h"
#include "nics.h"
#include "stacked.h"

/* An access point takes packets from the one MAC address that has joined it. */
static bool is_wireless(const LinkInfo *link) {
        char path[64];

        snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", link->name);
        return access(path, F_OK) == 0;
}

static int check_lower(const NicConfig *c, const LinkInfo *lower, Error **reterr) {
        if (lower->loopback)
                return error_set(reterr, EINVAL, "Nothing can be put on top of the loopback interface");
        if (c->kind != NIC_MACVLAN || !is_wireless(lower))
                return 0;
        error_set(reterr, EOPNOTSUPP, "The interface '%s' is wireless: its access point takes no packets from a second MAC address", c->link);
        return error_hint(reterr, -EOPNOTSUPP, "Take --network=ipvlan:%s, which has the same one, or --network=zone.", c->link);
}

static int refuse(const NicConfig *c, int error, Error **reterr) {
        const char *kind = nic_kind_to_string(c->kind);

        switch (error) {
        case -EOPNOTSUPP:
                error_set(reterr, error, "This kernel has no %s links", kind);
                if (c->kind == NIC_IPVLAN)
                        return error_hint(reterr, error, "Load the module (`modprobe ipvlan`), or take --network=macvlan:%s.", c->link);
                return error_hint(reterr, error, "Load the module (`modprobe macvlan`), or take --network=bridge:NAME, with '%s' in that bridge.",
                                  c->link);
        case -EBUSY:
                error_set(reterr, error, "The interface '%s' cannot have a %s link on top: it is in other use", c->link, kind);
                return error_hint(reterr, error, "A port of a bridge has none, nor does one link have macvlan and ipvlan both; "
                                  "see `ip -d link`.");
        case -EINVAL:
                return error_set(reterr, error, "The interface '%s' is none that a %s link can be on top of: Ethernet it has to be", c->link,
                                 kind);
        case -EADDRINUSE:
                error_set(reterr, error, "The MAC address of %s is taken on '%s' already", c->name, c->link);
                return error_hint(reterr, error, "Choose another one with mac=.");
        default:
                return error_errno(reterr, error, "Cannot make a %s link on top of %s", kind, c->link);
        }
}

int nic_link_make_stacked(Netlink *nl, NicLink *link, int netns, Error **reterr) {
        const NicConfig *c = link->config;
        bool own_mac = c->kind == NIC_MACVLAN;
        StackedRequest req = {
                .kind = own_mac ? STACKED_MACVLAN : STACKED_IPVLAN, .netns = netns, .name = c->name, .mac = own_mac ? link->mac : NULL,
        };
        LinkInfo lower;
        int r;

        r = link_find(nl, c->link, &lower, reterr);
        if (r >= 0)
                r = check_lower(c, &lower, reterr);
        if (r < 0)
                return r;
        if (!own_mac)
                memcpy(link->mac, lower.mac, sizeof(link->mac));
        req.lower = lower.index;
        r = stacked_create(nl, &req);
        return r < 0 ? refuse(c, r, reterr) : 0;
}
