/* SPDX-License-Identifier: GPL-2.0-or-later */

/* An accept counts only in the ruleset that drops: where iptables-nft has set FORWARD to DROP (Debian 12's iptables,
 * so Docker's), nothing in the legacy tables lets a machine out, and an nft base chain of our own that accepts does not
 * either. The rules of that chain are its owner's; what can be done is not to leave the user guessing. */

#include "nft-drop.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "log.h"
#include "netlink.h"

typedef struct Drop {
        char table[64]; /* "" when none was found */
        char chain[64];
} Drop;

static uint32_t hook_number(const struct nlattr *hook) {
        const struct nlattr *a;

        mnl_attr_for_each_nested(a, hook)
                if (mnl_attr_get_type(a) == NFTA_HOOK_HOOKNUM)
                        return ntohl(mnl_attr_get_u32(a));
        return UINT32_MAX;
}

static int on_chain(const struct nlmsghdr *m, void *userdata) {
        const struct nfgenmsg *h = mnl_nlmsg_get_payload(m);
        uint32_t hook = UINT32_MAX, policy = NF_ACCEPT;
        const struct nlattr *a;
        Drop found = {}, *drop = userdata;

        if (h->nfgen_family != NFPROTO_IPV4 && h->nfgen_family != NFPROTO_INET)
                return 0;
        mnl_attr_for_each(a, m, sizeof(*h))
                switch (mnl_attr_get_type(a)) {
                case NFTA_CHAIN_TABLE:
                        snprintf(found.table, sizeof(found.table), "%s", mnl_attr_get_str(a));
                        break;
                case NFTA_CHAIN_NAME:
                        snprintf(found.chain, sizeof(found.chain), "%s", mnl_attr_get_str(a));
                        break;
                case NFTA_CHAIN_HOOK:
                        hook = hook_number(a);
                        break;
                case NFTA_CHAIN_POLICY:
                        policy = ntohl(mnl_attr_get_u32(a));
                        break;
                }
        if (hook == NF_INET_FORWARD && policy == NF_DROP)
                *drop = found;
        return 0;
}

void nft_warn_of_drop(const char *bridge) {
        struct nfgenmsg h = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        Drop drop = {};

        if (netlink_new(NETLINK_NETFILTER, -1, &nl) < 0)
                return; /* no nftables in this kernel */
        netlink_add(nl, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP, &h, sizeof(h));
        if (netlink_run(nl, on_chain, &drop, NULL) < 0 || !drop.table[0])
                return;
        log_warning("The chain '%s' of the nftables table '%s' drops what is forwarded, unless its rules let the link %s "
                    "through: machines may reach no other host, nor be reached, ignoring", drop.chain, drop.table, bridge);
}
