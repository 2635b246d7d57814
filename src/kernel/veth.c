/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What fits into the creating message, and what does not (Linux 6.1 to 6.18): our end's IFF_UP, IFLA_MASTER and the
 * peer's name, address and namespace do; the peer's IFF_UP is ENOTCONN; alias and altname are ignored there. So the
 * peer starts down, our end has no carrier until the machine's end is set up, and IPv6 has not begun to
 * configure itself when the caller turns it off.
 *
 * Two things let the kernel wait for a grace period with all links of the host locked, so that everybody waits: a pair that is born with a queue for
 * each processor, of which it takes all but one away again; and RTM_GETLINK of one that has no carrier yet. So it has one, and is looked up by
 * its name alone. */

#include "veth.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>

/* Of one end. */
static void put_queues(struct nlmsghdr *m) {
        mnl_attr_put_u32(m, IFLA_NUM_TX_QUEUES, 1);
        mnl_attr_put_u32(m, IFLA_NUM_RX_QUEUES, 1);
}

static void put_pair(Netlink *nl, const VethRequest *req) {
        struct ifinfomsg h = { .ifi_flags = req->down ? 0 : IFF_UP, .ifi_change = IFF_UP }, peer = {};
        struct nlmsghdr *m = netlink_add(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &h, sizeof(h));
        struct nlattr *info, *data, *end;

        mnl_attr_put_strz(m, IFLA_IFNAME, req->name);
        if (req->bridge > 0)
                mnl_attr_put_u32(m, IFLA_MASTER, (uint32_t) req->bridge);
        if (req->mac)
                mnl_attr_put(m, IFLA_ADDRESS, 6, req->mac);
        mnl_attr_put_u32(m, IFLA_GROUP, req->group);
        put_queues(m);
        info = mnl_attr_nest_start(m, IFLA_LINKINFO);
        mnl_attr_put_str(m, IFLA_INFO_KIND, "veth");
        data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
        end = mnl_attr_nest_start(m, VETH_INFO_PEER);
        memcpy(mnl_nlmsg_put_extra_header(m, sizeof(peer)), &peer, sizeof(peer));
        mnl_attr_put_strz(m, IFLA_IFNAME, req->peer_name);
        mnl_attr_put(m, IFLA_ADDRESS, 6, req->peer_mac);
        mnl_attr_put_u32(m, IFLA_NET_NS_FD, (uint32_t) req->netns);
        put_queues(m);
        mnl_attr_nest_end(m, end);
        mnl_attr_nest_end(m, data);
        mnl_attr_nest_end(m, info);
}

static void put_alias(Netlink *nl, const VethRequest *req) {
        link_put_alias(nl, req->name, req->alias);
        if (req->altname)
                link_put_altname(nl, req->name, req->altname);
}

/* In one batch, so that no crash leaves a pair that nobody is known to own; but the kernel works through all of a batch, and a link of that
 * name that is somebody else's would get the alias, and be taken for the caller's own from then on. So only for names that are nobody
 * else's; a pair without its alias goes with its namespace. */
static int make(Netlink *nl, const VethRequest *req, bool *ret_made) {
        enum { PAIR, ALIAS };
        int results[NETLINK_BATCH_MAX], r;
        size_t alias = ALIAS;

        put_pair(nl, req);
        if (!req->own_name) {
                r = netlink_run(nl, NULL, NULL, NULL);
                if (r < 0)
                        return r;
                *ret_made = true;
                alias = 0;
        }
        put_alias(nl, req);
        r = netlink_run(nl, NULL, NULL, results);
        *ret_made |= results[PAIR] == 0;
        return r < 0 && *ret_made && results[alias] == 0 ? 0 : r; /* the altname alone: a convenience */
}

int veth_create(Netlink *nl, const VethRequest *req, LinkInfo *ret) {
        bool made = false;
        int r;

        r = make(nl, req, &made);
        if (r >= 0)
                r = netlink_ifindex(nl, req->name);
        if (r >= 0) {
                *ret = (LinkInfo){ .index = r, .kind = "veth", .master = req->bridge, .up = !req->down };
                snprintf(ret->name, sizeof(ret->name), "%s", req->name);
        }
        if (r >= 0 && (req->hairpin || req->isolated)) {
                link_put_port_flags(nl, ret->index, req->hairpin, req->isolated);
                r = netlink_run(nl, NULL, NULL, NULL);
        }
        if (r < 0 && made)
                (void) link_delete(nl, req->name);
        return r < 0 ? r : 0;
}
