/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vlan.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

int vlan_create(Netlink *nl, const char *name, int lower, unsigned id) {
        struct ifinfomsg h = {};
        struct nlmsghdr *m = netlink_add(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &h, sizeof(h));
        struct nlattr *info, *data;

        mnl_attr_put_strz(m, IFLA_IFNAME, name);
        mnl_attr_put_u32(m, IFLA_LINK, (uint32_t) lower);
        info = mnl_attr_nest_start(m, IFLA_LINKINFO);
        mnl_attr_put_str(m, IFLA_INFO_KIND, "vlan");
        data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
        mnl_attr_put_u16(m, IFLA_VLAN_ID, (uint16_t) id);
        mnl_attr_nest_end(m, data);
        mnl_attr_nest_end(m, info);
        return netlink_run(nl, NULL, NULL, NULL);
}
