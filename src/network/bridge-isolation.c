/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge-isolation.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "netlink.h"
#include "netns.h"
#include "nft.h"

#define TABLE "nbox"
#define COMMANDS_MAX 512

bool bridge_is_filtered(void) {
        int on = 0;

        return netns_sysctl_read("bridge/bridge-nf-call-iptables", &on) >= 0 && on;
}

static int on_rule(const struct nlmsghdr *m _unused_, void *userdata) {
        (*(unsigned *) userdata)++;
        return 0;
}

/* How many rules the table has; -ENOENT: there is no such table. */
static int count_rules(void) {
        static const struct nfgenmsg h = { .nfgen_family = NFPROTO_BRIDGE, .version = NFNETLINK_V0 };
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        struct nlmsghdr *m;
        unsigned n = 0;
        int r = netlink_new(NETLINK_NETFILTER, -1, &nl);

        if (r < 0)
                return r;
        m = netlink_add(nl, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, 0, &h, sizeof(h));
        mnl_attr_put_strz(m, NFTA_TABLE_NAME, TABLE);
        r = netlink_run(nl, NULL, NULL, NULL);
        if (r < 0)
                return r;
        m = netlink_add(nl, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NLM_F_DUMP, &h, sizeof(h));
        mnl_attr_put_strz(m, NFTA_RULE_TABLE, TABLE);
        r = netlink_run(nl, on_rule, &n, NULL);
        return r < 0 ? r : (int) n;
}

bool bridge_isolation_stands(void) {
        return count_rules() == 1;
}

/* Behind br_netfilter, which asks the host's own rules at priority 0 of this hook. */
int bridge_isolation_apply(Error **reterr) {
        char commands[COMMANDS_MAX];

        if (bridge_isolation_stands())
                return 0;
        snprintf(commands, sizeof(commands),
                 "add table bridge " TABLE "\n"
                 "flush table bridge " TABLE "\n"
                 "add chain bridge " TABLE " isolated { type filter hook forward priority 100; policy accept; }\n"
                 "add rule bridge " TABLE " isolated iifgroup %d oifgroup %d meta mark & %d == 0 drop\n",
                 ISOLATED_GROUP, ISOLATED_GROUP, ISOLATED_MARK);
        return nft_run(commands, reterr);
}

void bridge_isolation_release(void) {
        _cleanup_(error_freep) Error *error = NULL;

        if (count_rules() >= 0 && nft_run("delete table bridge " TABLE "\n", &error) < 0)
                log_warning("The table 'bridge " TABLE "' stays: %s, ignoring", error ? error->message : "out of memory");
}
