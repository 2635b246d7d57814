/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge-quiet.h"

#include <netinet/in.h> /* before what is of the kernel */
#include <linux/netfilter.h>
#include <stdio.h>

#include "log.h"
#include "names.h"
#include "nft-rules.h"
#include "nft.h"

#define TABLE "nbox-quiet"
#define COMMANDS_MAX 512
#define CROWD 32 /* machines; the table is looked for whenever there are so many more */

/* To all routers that speak MLDv2 (ff02::16), which is where a bridge would send it if it listened. */
static void apply(void) {
        _cleanup_(error_freep) Error *error = NULL;
        char commands[COMMANDS_MAX];

        if (nft_rule_count(NFPROTO_BRIDGE, TABLE) == 1)
                return;
        snprintf(commands, sizeof(commands),
                 "add table bridge " TABLE "\n"
                 "flush table bridge " TABLE "\n"
                 "add chain bridge " TABLE " quiet { type filter hook prerouting priority -300; policy accept; }\n"
                 "add rule bridge " TABLE " quiet iifgroup %d ether daddr 33:33:00:00:00:16 drop\n", QUIET_GROUP);
        if (nft_run(commands, &error) < 0)
                log_debug("%s: all machines of a zone hear of each other's multicast groups, ignoring", error ? error->message : "out of memory");
}

void bridge_quiet_grow(const char *zone) {
        size_t n = names_count(zone);

        if (n > 0 && n % CROWD == 0)
                apply();
}

void bridge_quiet_release(void) {
        _cleanup_(error_freep) Error *error = NULL;

        if (nft_rule_count(NFPROTO_BRIDGE, TABLE) >= 0 && nft_run("delete table bridge " TABLE "\n", &error) < 0)
                log_warning("The table 'bridge " TABLE "' stays: %s, ignoring", error ? error->message : "out of memory");
}
