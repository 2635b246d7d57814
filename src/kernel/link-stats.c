/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link-stats.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* The kernel's struct grows at its end; its 64-bit numbers may stand at a multiple of four. */
static int on_link(const struct nlmsghdr *m, void *userdata) {
        LinkStats *stats = userdata;
        const struct nlattr *a;

        mnl_attr_for_each(a, m, sizeof(struct ifinfomsg)) {
                struct rtnl_link_stats64 s = {};
                size_t n = mnl_attr_get_payload_len(a);

                if (mnl_attr_get_type(a) != IFLA_STATS64)
                        continue;
                memcpy(&s, mnl_attr_get_payload(a), n < sizeof(s) ? n : sizeof(s));
                *stats = (LinkStats){
                        .rx_bytes = s.rx_bytes, .rx_packets = s.rx_packets, .tx_bytes = s.tx_bytes, .tx_packets = s.tx_packets,
                        .rx_errors = s.rx_errors, .rx_dropped = s.rx_dropped, .tx_errors = s.tx_errors, .tx_dropped = s.tx_dropped,
                };
        }
        return 0;
}

int link_stats(Netlink *nl, const char *name, LinkStats *ret) {
        struct ifinfomsg h = {};
        struct nlmsghdr *m = netlink_add(nl, RTM_GETLINK, 0, &h, sizeof(h));

        mnl_attr_put_strz(m, IFLA_IFNAME, name);
        *ret = (LinkStats){};
        return netlink_run(nl, on_link, ret, NULL);
}
