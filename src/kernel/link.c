/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define DUMP_TRIES 20 /* a dump that others disturb is asked again; on a busy host they come and go all the time */

static struct nlmsghdr *add_link(Netlink *nl, uint16_t type, uint16_t flags, int index) {
        struct ifinfomsg h = { .ifi_family = AF_UNSPEC, .ifi_index = index };

        return netlink_add(nl, type, flags, &h, sizeof(h));
}

static void parse_linkinfo(const struct nlattr *info, LinkInfo *l) {
        const struct nlattr *a;

        mnl_attr_for_each_nested(a, info)
                if (mnl_attr_get_type(a) == IFLA_INFO_KIND && mnl_attr_validate(a, MNL_TYPE_STRING) >= 0)
                        snprintf(l->kind, sizeof(l->kind), "%s", mnl_attr_get_str(a));
}

void link_parse(const struct nlmsghdr *m, LinkInfo *l) {
        const struct ifinfomsg *h = mnl_nlmsg_get_payload(m);
        const struct nlattr *a;

        *l = (LinkInfo){ .index = h->ifi_index, .up = h->ifi_flags & IFF_UP, .loopback = h->ifi_flags & IFF_LOOPBACK };
        mnl_attr_for_each(a, m, sizeof(*h))
                switch (mnl_attr_get_type(a)) {
                case IFLA_IFNAME:
                        snprintf(l->name, sizeof(l->name), "%s", mnl_attr_get_str(a));
                        break;
                case IFLA_IFALIAS:
                        snprintf(l->alias, sizeof(l->alias), "%s", mnl_attr_get_str(a));
                        break;
                case IFLA_MASTER:
                        l->master = (int) mnl_attr_get_u32(a);
                        break;
                case IFLA_LINK:
                        l->peer = (int) mnl_attr_get_u32(a);
                        break;
                case IFLA_LINK_NETNSID:
                        l->peer_elsewhere = true;
                        l->peer_netns = (int) mnl_attr_get_u32(a);
                        break;
                case IFLA_ADDRESS:
                        if (mnl_attr_get_payload_len(a) == sizeof(l->mac))
                                memcpy(l->mac, mnl_attr_get_payload(a), sizeof(l->mac));
                        break;
                case IFLA_LINKINFO:
                        parse_linkinfo(a, l);
                        break;
                }
}

static int on_link(const struct nlmsghdr *m, void *userdata) {
        if (m->nlmsg_type == RTM_NEWLINK)
                link_parse(m, userdata);
        return 0;
}

int link_get(Netlink *nl, const char *name, LinkInfo *ret) {
        struct nlmsghdr *m = add_link(nl, RTM_GETLINK, 0, 0);
        LinkInfo l = {};
        int r;

        /* Both are looked up in one table; the first attribute takes no more bytes than a name proper has. */
        mnl_attr_put_strz(m, strlen(name) < IF_NAMESIZE ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
        mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        r = netlink_run(nl, on_link, &l, NULL);
        if (r < 0)
                return r;
        *ret = l;
        return 0;
}

/* A namespace that can be looked into has somebody who keeps it: for one whose last user has gone, the kernel says that there is none. */
bool link_is_going(Netlink *nl, const LinkInfo *link) {
        struct nlmsghdr *m;

        if (!link->peer_elsewhere || link->peer_netns < 0)
                return link->peer_elsewhere;
        m = add_link(nl, RTM_GETLINK, 0, 1);
        mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        mnl_attr_put_u32(m, IFLA_TARGET_NETNSID, (uint32_t) link->peer_netns);
        return netlink_run(nl, NULL, NULL, NULL) == -EINVAL;
}

typedef struct LinkList {
        LinkInfo *links;
        size_t n;
        int master;
} LinkList;

static int on_listed_link(const struct nlmsghdr *m, void *userdata) {
        LinkList *list = userdata;
        LinkInfo l, *p;

        if (m->nlmsg_type != RTM_NEWLINK)
                return 0;
        link_parse(m, &l);
        if (list->master > 0 && l.master != list->master)
                return 0;
        p = reallocarray(list->links, list->n + 1, sizeof(l));
        if (!p)
                return -ENOMEM;
        list->links = p;
        p[list->n++] = l;
        return 0;
}

int link_list(Netlink *nl, int master, LinkInfo **ret, size_t *ret_n) {
        int r = -EINTR;

        for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                LinkList list = { .master = master };
                struct nlmsghdr *m = add_link(nl, RTM_GETLINK, NLM_F_DUMP, 0);

                mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
                if (master > 0)
                        mnl_attr_put_u32(m, IFLA_MASTER, (uint32_t) master);
                r = netlink_run(nl, on_listed_link, &list, NULL);
                if (r >= 0) {
                        *ret = list.links;
                        *ret_n = list.n;
                } else
                        free(list.links);
        }
        return r;
}

int link_delete(Netlink *nl, const char *name) {
        struct nlmsghdr *m = add_link(nl, RTM_DELLINK, 0, 0);
        int r;

        mnl_attr_put_strz(m, IFLA_IFNAME, name);
        r = netlink_run(nl, NULL, NULL, NULL);
        return r == -ENODEV ? 0 : r;
}

int bridge_create(Netlink *nl, const char *name, const uint8_t mac[6]) {
        struct nlmsghdr *m = add_link(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
        struct nlattr *info, *data;

        mnl_attr_put_strz(m, IFLA_IFNAME, name);
        mnl_attr_put(m, IFLA_ADDRESS, 6, mac);
        info = mnl_attr_nest_start(m, IFLA_LINKINFO);
        mnl_attr_put_str(m, IFLA_INFO_KIND, "bridge");
        data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
        mnl_attr_put_u8(m, IFLA_BR_MCAST_SNOOPING, 0);
        mnl_attr_nest_end(m, data);
        mnl_attr_nest_end(m, info);
        return netlink_run(nl, NULL, NULL, NULL);
}

void link_put_up(Netlink *nl, int index) {
        struct ifinfomsg h = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

        netlink_add(nl, RTM_NEWLINK, 0, &h, sizeof(h));
}

void link_put_down(Netlink *nl, int index) {
        struct ifinfomsg h = { .ifi_index = index, .ifi_change = IFF_UP };

        netlink_add(nl, RTM_NEWLINK, 0, &h, sizeof(h));
}

void link_put_master(Netlink *nl, int index, int master) {
        mnl_attr_put_u32(add_link(nl, RTM_SETLINK, 0, index), IFLA_MASTER, (uint32_t) master);
}

void link_put_alias(Netlink *nl, const char *name, const char *alias) {
        struct nlmsghdr *m = add_link(nl, RTM_SETLINK, 0, 0);

        mnl_attr_put_strz(m, IFLA_IFNAME, name);
        mnl_attr_put_str(m, IFLA_IFALIAS, alias);
}

void link_put_altname(Netlink *nl, const char *name, const char *altname) {
        struct nlmsghdr *m = add_link(nl, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, 0);
        struct nlattr *list;

        mnl_attr_put_strz(m, IFLA_IFNAME, name);
        list = mnl_attr_nest_start(m, IFLA_PROP_LIST);
        mnl_attr_put_strz(m, IFLA_ALT_IFNAME, altname);
        mnl_attr_nest_end(m, list);
}

static struct nlmsghdr *add_port(Netlink *nl, int index, struct nlattr **ret) {
        struct ifinfomsg h = { .ifi_family = PF_BRIDGE, .ifi_index = index };
        struct nlmsghdr *m = netlink_add(nl, RTM_SETLINK, 0, &h, sizeof(h));

        *ret = mnl_attr_nest_start(m, IFLA_PROTINFO);
        return m;
}

void link_put_port_flags(Netlink *nl, int index, bool hairpin, bool isolated) {
        struct nlattr *port;
        struct nlmsghdr *m = add_port(nl, index, &port);

        mnl_attr_put_u8(m, IFLA_BRPORT_MODE, hairpin);
        mnl_attr_put_u8(m, IFLA_BRPORT_ISOLATED, isolated);
        mnl_attr_nest_end(m, port);
}

void link_put_hairpin(Netlink *nl, int index) {
        struct nlattr *port;
        struct nlmsghdr *m = add_port(nl, index, &port);

        mnl_attr_put_u8(m, IFLA_BRPORT_MODE, 1);
        mnl_attr_nest_end(m, port);
}

static void add_address(Netlink *nl, uint16_t flag, int index, const IpAddress *address, unsigned prefix) {
        struct ifaddrmsg h = {
                .ifa_family = (uint8_t) address->family,
                .ifa_prefixlen = (uint8_t) prefix,
                .ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0,
                .ifa_scope = RT_SCOPE_UNIVERSE,
                .ifa_index = (uint32_t) index,
        };
        struct nlmsghdr *m = netlink_add(nl, RTM_NEWADDR, NLM_F_CREATE | flag, &h, sizeof(h));

        netlink_put_ip(m, IFA_LOCAL, address);
        netlink_put_ip(m, IFA_ADDRESS, address);
        if (address->family == AF_INET)
                mnl_attr_put_u32(m, IFA_BROADCAST, htonl(address->v4 | (prefix < 32 ? UINT32_MAX >> prefix : 0)));
}

void link_put_address(Netlink *nl, int index, const IpAddress *address, unsigned prefix) {
        add_address(nl, NLM_F_REPLACE, index, address, prefix);
}

void link_put_new_address(Netlink *nl, int index, const IpAddress *address, unsigned prefix) {
        add_address(nl, NLM_F_EXCL, index, address, prefix);
}

void link_put_address6_query(Netlink *nl, int index, const struct in6_addr *address) {
        struct ifaddrmsg h = { .ifa_family = AF_INET6, .ifa_prefixlen = 128, .ifa_index = (uint32_t) index };
        IpAddress ip = ip_v6(address);

        netlink_put_ip(netlink_add(nl, RTM_GETADDR, 0, &h, sizeof(h)), IFA_ADDRESS, &ip);
}

static struct nlmsghdr *add_route(Netlink *nl, int index, int family, unsigned prefix, unsigned char scope) {
        struct rtmsg h = {
                .rtm_family = (uint8_t) family,
                .rtm_dst_len = (uint8_t) prefix,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_STATIC,
                .rtm_scope = scope,
                .rtm_type = RTN_UNICAST,
        };
        struct nlmsghdr *m = netlink_add(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &h, sizeof(h));

        mnl_attr_put_u32(m, RTA_OIF, (uint32_t) index);
        return m;
}

void link_put_default_route(Netlink *nl, int index, const IpAddress *gateway) {
        netlink_put_ip(add_route(nl, index, gateway->family, 0, RT_SCOPE_UNIVERSE), RTA_GATEWAY, gateway);
}

void link_put_network_route(Netlink *nl, int index, const IpAddress *network, unsigned prefix) {
        netlink_put_ip(add_route(nl, index, network->family, prefix, RT_SCOPE_LINK), RTA_DST, network);
}

void link_put_no_own_address(Netlink *nl, int index) {
        struct nlmsghdr *m = add_link(nl, RTM_SETLINK, 0, index);
        struct nlattr *families = mnl_attr_nest_start(m, IFLA_AF_SPEC), *ipv6 = mnl_attr_nest_start(m, AF_INET6);

        mnl_attr_put_u8(m, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        mnl_attr_nest_end(m, ipv6);
        mnl_attr_nest_end(m, families);
}

typedef struct AddressSearch {
        int index;
        bool found;
} AddressSearch;

static int on_searched_address(const struct nlmsghdr *m, void *userdata) {
        const struct ifaddrmsg *h = mnl_nlmsg_get_payload(m);
        AddressSearch *search = userdata;

        if (m->nlmsg_type == RTM_NEWADDR && (int) h->ifa_index == search->index &&
            (h->ifa_family == AF_INET || h->ifa_scope != RT_SCOPE_LINK))
                search->found = true;
        return 0;
}

int link_has_address(Netlink *nl, int index) {
        AddressSearch search = { .index = index };
        int r = -EINTR;

        for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                struct ifaddrmsg h = { .ifa_family = AF_UNSPEC };

                netlink_add(nl, RTM_GETADDR, NLM_F_DUMP, &h, sizeof(h));
                r = netlink_run(nl, on_searched_address, &search, NULL);
        }
        return r < 0 ? r : search.found;
}

typedef struct RouteList {
        RouteInfo *routes;
        size_t n;
        int family;
} RouteList;

static int route_append(RouteList *list, const RouteInfo *route) {
        RouteInfo *p = reallocarray(list->routes, list->n + 1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        list->routes = p;
        p[list->n++] = *route;
        return 0;
}

static bool is_everybodys(const IpAddress *a) {
        return a->family == AF_INET6 && (IN6_IS_ADDR_MULTICAST(&a->v6) || IN6_IS_ADDR_LINKLOCAL(&a->v6) || IN6_IS_ADDR_LOOPBACK(&a->v6));
}

static bool leads_nowhere(const struct rtmsg *h) {
        return h->rtm_family == AF_INET6 &&
                (h->rtm_type == RTN_UNREACHABLE || h->rtm_type == RTN_BLACKHOLE || h->rtm_type == RTN_PROHIBIT);
}

static int on_route(const struct nlmsghdr *m, void *userdata) {
        const struct rtmsg *h = mnl_nlmsg_get_payload(m);
        RouteList *list = userdata;
        const struct nlattr *a;
        RouteInfo route;

        if (m->nlmsg_type != RTM_NEWROUTE || h->rtm_family != list->family || (h->rtm_flags & RTM_F_CLONED) || leads_nowhere(h))
                return 0;
        route = (RouteInfo){ .destination.family = list->family, .prefix = h->rtm_dst_len };
        mnl_attr_for_each(a, m, sizeof(*h))
                if (mnl_attr_get_type(a) == RTA_DST)
                        (void) netlink_read_ip(a, &route.destination);
                else if (mnl_attr_get_type(a) == RTA_OIF)
                        route.index = (int) mnl_attr_get_u32(a);
        return is_everybodys(&route.destination) ? 0 : route_append(list, &route);
}

/* A point-to-point address has the other end's network in IFA_ADDRESS; else that is the address itself. */
static int on_address(const struct nlmsghdr *m, void *userdata) {
        const struct ifaddrmsg *h = mnl_nlmsg_get_payload(m);
        RouteList *list = userdata;
        const struct nlattr *a;
        RouteInfo route;

        if (m->nlmsg_type != RTM_NEWADDR || h->ifa_family != list->family)
                return 0;
        route = (RouteInfo){ .destination.family = list->family, .prefix = h->ifa_prefixlen, .index = (int) h->ifa_index, .address = true };
        mnl_attr_for_each(a, m, sizeof(*h))
                if (mnl_attr_get_type(a) == IFA_ADDRESS)
                        (void) netlink_read_ip(a, &route.destination);
        return is_everybodys(&route.destination) ? 0 : route_append(list, &route);
}

static int list_once(Netlink *nl, RouteList *list) {
        struct rtmsg route = { .rtm_family = (uint8_t) list->family };
        struct ifaddrmsg address = { .ifa_family = (uint8_t) list->family };
        int r;

        netlink_add(nl, RTM_GETADDR, NLM_F_DUMP, &address, sizeof(address));
        r = netlink_run(nl, on_address, list, NULL);
        if (r < 0)
                return r;
        netlink_add(nl, RTM_GETROUTE, NLM_F_DUMP, &route, sizeof(route));
        return netlink_run(nl, on_route, list, NULL);
}

int route_list(Netlink *nl, int family, RouteInfo **ret, size_t *ret_n) {
        int r = -EINTR;

        for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                RouteList list = { .family = family };

                r = list_once(nl, &list);
                if (r >= 0) {
                        *ret = list.routes;
                        *ret_n = list.n;
                } else
                        free(list.routes);
        }
        return r;
}
