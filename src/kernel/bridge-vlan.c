/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge-vlan.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* A kernel without the filter does not send its attributes. */
static void parse_data(const struct nlattr *data, BridgeVlans *ret) {
        const struct nlattr *a;

        mnl_attr_for_each_nested(a, data)
                switch (mnl_attr_get_type(a)) {
                case IFLA_BR_VLAN_FILTERING:
                        ret->known = true;
                        ret->filters = mnl_attr_get_u8(a);
                        break;
                case IFLA_BR_VLAN_DEFAULT_PVID:
                        ret->default_pvid = mnl_attr_get_u16(a);
                        break;
                }
}

static int on_bridge(const struct nlmsghdr *m, void *userdata) {
        const struct nlattr *a, *b;

        if (m->nlmsg_type != RTM_NEWLINK)
                return 0;
        mnl_attr_for_each(a, m, sizeof(struct ifinfomsg))
                if (mnl_attr_get_type(a) == IFLA_LINKINFO)
                        mnl_attr_for_each_nested(b, a)
                                if (mnl_attr_get_type(b) == IFLA_INFO_DATA)
                                        parse_data(b, userdata);
        return 0;
}

int bridge_vlans(Netlink *nl, int bridge, BridgeVlans *ret) {
        struct ifinfomsg h = { .ifi_index = bridge };

        *ret = (BridgeVlans){};
        netlink_add(nl, RTM_GETLINK, 0, &h, sizeof(h));
        return netlink_run(nl, on_bridge, ret, NULL);
}

static void put_vlan(Netlink *nl, uint16_t type, int port, unsigned id, unsigned flags) {
        struct ifinfomsg h = { .ifi_family = PF_BRIDGE, .ifi_index = port };
        struct nlmsghdr *m = netlink_add(nl, type, 0, &h, sizeof(h));
        struct bridge_vlan_info vlan = { .flags = (uint16_t) flags, .vid = (uint16_t) id };
        struct nlattr *spec = mnl_attr_nest_start(m, IFLA_AF_SPEC);

        mnl_attr_put(m, IFLA_BRIDGE_VLAN_INFO, sizeof(vlan), &vlan);
        mnl_attr_nest_end(m, spec);
}

void bridge_put_port_vlan(Netlink *nl, int port, unsigned id, unsigned default_pvid) {
        if (default_pvid > 0 && default_pvid != id)
                put_vlan(nl, RTM_DELLINK, port, default_pvid, 0);
        put_vlan(nl, RTM_SETLINK, port, id, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
}
