/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One message makes the link in the other namespace at once (Linux 6.1 to 6.18): IFLA_LINK is looked up where the socket is, name and link
 * are made where IFLA_NET_NS_FD says. So it is never a link of the host's, whom udev would rename and networkd would set up. */

#include "stacked.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "module.h"

static const char *const kinds[] = { [STACKED_MACVLAN] = "macvlan", [STACKED_IPVLAN] = "ipvlan" };

static void put_mode(struct nlmsghdr *m, StackedKind kind) {
        struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_DATA);

        if (kind == STACKED_MACVLAN)
                mnl_attr_put_u32(m, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
        else
                mnl_attr_put_u16(m, IFLA_IPVLAN_MODE, IPVLAN_MODE_L2);
        mnl_attr_nest_end(m, data);
}

static int create(Netlink *nl, const StackedRequest *req) {
        struct ifinfomsg h = {};
        struct nlmsghdr *m = netlink_add(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &h, sizeof(h));
        struct nlattr *info;

        mnl_attr_put_strz(m, IFLA_IFNAME, req->name);
        mnl_attr_put_u32(m, IFLA_LINK, (uint32_t) req->lower);
        mnl_attr_put_u32(m, IFLA_NET_NS_FD, (uint32_t) req->netns);
        if (req->mac)
                mnl_attr_put(m, IFLA_ADDRESS, 6, req->mac);
        info = mnl_attr_nest_start(m, IFLA_LINKINFO);
        mnl_attr_put_str(m, IFLA_INFO_KIND, kinds[req->kind]);
        put_mode(m, req->kind);
        mnl_attr_nest_end(m, info);
        return netlink_run(nl, NULL, NULL, NULL);
}

int stacked_create(Netlink *nl, const StackedRequest *req) {
        int r = create(nl, req);

        return r == -EOPNOTSUPP && module_load(kinds[req->kind]) >= 0 ? create(nl, req) : r;
}
