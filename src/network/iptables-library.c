/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iptables-library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "host-config.h"
#include "library.h"

static const IptablesProgram program4 = {
        .name = "iptables",
        .library = "libip4tc.so.2",
        .package = "libip4tc2",
        .prefix = "iptc_",
        .core = "ip_tables",
        .module = "iptable_",
        .names = "/proc/thread-self/net/ip_tables_names",
        .without = "start the machine with --network=none or --network=host",
        .instead = "have Firewall=auto in " HOST_CONFIG_PATH,
};

static const IptablesProgram program6 = {
        .name = "ip6tables",
        .library = "libip6tc.so.2",
        .package = "libip6tc2",
        .prefix = "ip6tc_",
        .core = "ip6_tables",
        .module = "ip6table_",
        .names = "/proc/thread-self/net/ip6_tables_names",
        .without = "do without IPv6 (IPv6=no in " HOST_CONFIG_PATH ")",
        .instead = "have Firewall=nft or IPv6=no in " HOST_CONFIG_PATH,
};

const IptablesProgram *iptables_program(int family) {
        return family == AF_INET6 ? &program6 : &program4;
}

int iptc_load(const IptablesProgram *program, Iptc *api, Error **reterr) {
        const LibrarySymbol symbols[] = {
                { "init", (void **) &api->init },
                { "free", (void **) &api->free },
                { "commit", (void **) &api->commit },
                { "strerror", (void **) &api->strerror },
                { "is_chain", (void **) &api->is_chain },
                { "create_chain", (void **) &api->create_chain },
                { "delete_chain", (void **) &api->delete_chain },
                { "first_rule", (void **) &api->first_rule },
                { "next_rule", (void **) &api->next_rule },
                { "get_target", (void **) &api->get_target },
                { "get_policy", (void **) &api->get_policy },
                { "insert_entry", (void **) &api->insert },
                { "append_entry", (void **) &api->append },
                { "delete_num_entry", (void **) &api->delete_num },
        };

        if (library_load(program->library, program->prefix, symbols, ELEMENTSOF(symbols)) >= 0)
                return 0;
        error_set(reterr, EOPNOTSUPP, "Cannot load %s, which edits the firewall: %s", program->library, dlerror());
        return error_hint(reterr, -EOPNOTSUPP, "Install it (package %s), or %s.", program->package, program->without);
}
