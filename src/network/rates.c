/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One table a link, for it is gone with its table, whatever the kernel made of the chain when the link went (before 6.16 the chain
 * goes with its only device, since then it stays). The chain stands before all others of the interface, so that nothing else is
 * spent on what is dropped. */

#include "rates.h"

#include <inttypes.h>
#include <linux/netfilter.h>

#include "nft-rules.h"
#include "nft.h"
#include "qdisc.h"

#define NAME "nbox_%s" /* words of nft's language may have '-' behind the first letter */
#define TABLE "netdev " NAME
#define CHAIN "from-machine"
#define BUCKET_MIN UINT64_C(65536) /* what is larger would never pass: segments that are not cut yet, between machines of one host */

int rates_check(const Endpoint *e, Error **reterr) {
        int r;

        if (e->egress_rate == 0)
                return 0;
        r = nft_run("create table netdev nbox_probe\ndelete table netdev nbox_probe\n", NULL);
        if (r >= 0)
                return 0;
        error_set(reterr, EOPNOTSUPP, "The rate of what machine '%s' sends cannot be limited here: nftables or its family netdev is "
                  "missing", e->machine);
        return error_hint(reterr, -EOPNOTSUPP, "Leave out --egress-rate= (EgressRate=), or take a kernel with CONFIG_NF_TABLES_NETDEV and "
                          "install libnftables1.");
}

/* The kernel's bucket holds a second's worth, and the burst. */
static int limit_egress(const char *ifname, uint64_t bits, Error **reterr) {
        _cleanup_free_ char *commands = NULL;
        uint64_t bytes = bits / 8;
        char burst[48] = "";

        if (bytes < BUCKET_MIN)
                snprintf(burst, sizeof(burst), "burst %" PRIu64 " bytes ", BUCKET_MIN - bytes);
        if (asprintf(&commands,
                     "add table " TABLE "\ndelete table " TABLE "\nadd table " TABLE "\n"
                     "add chain " TABLE " " CHAIN " { type filter hook ingress device \"%s\" priority -500; }\n"
                     "add rule " TABLE " " CHAIN " limit rate over %" PRIu64 " bytes/second %sdrop\n",
                     ifname, ifname, ifname, ifname, ifname, ifname, bytes, burst) < 0) {
                commands = NULL;
                return error_oom(reterr);
        }
        return nft_run(commands, reterr);
}

int rates_apply(Netlink *nl, const Endpoint *e, const char *ifname, int ifindex, Error **reterr) {
        int r;

        if (e->ingress_rate > 0) {
                r = qdisc_limit(nl, ifindex, e->ingress_rate);
                if (r == -ENOENT || r == -EOPNOTSUPP) {
                        error_set(reterr, EOPNOTSUPP, "The rate of what machine '%s' receives cannot be limited here: the kernel has no "
                                  "tbf (CONFIG_NET_SCH_TBF)", e->machine);
                        return error_hint(reterr, -EOPNOTSUPP, "Leave out --ingress-rate= (IngressRate=).");
                }
                if (r < 0)
                        return error_errno(reterr, r, "Cannot limit the rate of %s", ifname);
        }
        return e->egress_rate > 0 ? limit_egress(ifname, e->egress_rate, reterr) : 0;
}

static bool egress_is_limited(const char *ifname) {
        char table[sizeof(NAME) + IF_NAMESIZE];

        snprintf(table, sizeof(table), NAME, ifname);
        return nft_rule_count(NFPROTO_NETDEV, table) == 1;
}

bool rates_stand(Netlink *nl, const Endpoint *e, const char *ifname) {
        return (e->ingress_rate == 0 || qdisc_limits(nl, ifname)) && (e->egress_rate == 0 || egress_is_limited(ifname));
}

int rates_remove(const char *ifname, Error **reterr) {
        _cleanup_free_ char *commands = NULL;

        if (asprintf(&commands, "add table " TABLE "\ndelete table " TABLE "\n", ifname, ifname) < 0) {
                commands = NULL;
                return error_oom(reterr);
        }
        return nft_run(commands, reterr);
}
