/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge-isolation.h"

#include <netinet/in.h> /* before what is of the kernel */
#include <linux/netfilter.h>
#include <stdio.h>

#include "log.h"
#include "netns.h"
#include "nft-rules.h"
#include "nft.h"

#define TABLE "nbox"
#define COMMANDS_MAX 512

static bool is_filtered_by(const char *sysctl) {
        int on = 0;

        return netns_sysctl_read(sysctl, &on) >= 0 && on;
}

/* The flag is for both families, and so is the table: it does no harm to one that is not asked about, whose packets all are routed. */
bool bridge_is_filtered(void) {
        return is_filtered_by("bridge/bridge-nf-call-iptables") || is_filtered_by("bridge/bridge-nf-call-ip6tables");
}

bool bridge_isolation_stands(void) {
        return nft_rule_count(NFPROTO_BRIDGE, TABLE) == 1;
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

        if (nft_rule_count(NFPROTO_BRIDGE, TABLE) >= 0 && nft_run("delete table bridge " TABLE "\n", &error) < 0)
                log_warning("The table 'bridge " TABLE "' stays: %s, ignoring", error ? error->message : "out of memory");
}
