/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What stands in which legacy table:
 *
 *     nat     NBOX-PORTS, from PREROUTING and OUTPUT for what goes to an address of the host's own: one DNAT a
 *             published port. OUTPUT is for connections of the host itself, 127.0.0.1 included.
 *             NBOX-POST, from POSTROUTING, three rules a zone: masquerade what leaves it; masquerade what was
 *             published and comes back into the same bridge (the answer would go straight from machine to machine
 *             else, past the translation); and give connections from 127.0.0.1 a source that the machine can answer.
 *     raw     NBOX-GUARD, from PREROUTING, two rules a zone, only where ports are published: nothing from a machine
 *             goes to or comes from 127.0.0.0/8. raw and not filter, for it sees packets before the translation back
 *             of answers, and so needs no exception that could be wrong.
 *
 * A table is fetched only when needed: fetching creates it in the namespace. */

#include "firewall.h"

#include <string.h>

#include "iptables.h"
#include "log.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_conntrack.h>

#define PORTS "NBOX-PORTS"
#define POST "NBOX-POST"
#define GUARD "NBOX-GUARD"

#define JUMP_TAG "nbox"
#define MACHINE_TAG "nbox:machine:"
#define ZONE_TAG "nbox:zone:"

#define LOOPBACK 0x7f000000u, 0xff000000u /* 127.0.0.0/8 */

typedef struct Edit {
        const FirewallSet *set;         /* to have, or NULL */
        const char *gone_machine;       /* to remove, or NULL */
        const char *gone_zone;
        const FirewallOracle *oracle;   /* NULL: nobody is swept */
} Edit;

static void machine_tag(char tag[TAG_MAX], const char *name) {
        snprintf(tag, TAG_MAX, MACHINE_TAG "%s", name);
}

static void zone_tag(char tag[TAG_MAX], const char *name) {
        snprintf(tag, TAG_MAX, ZONE_TAG "%s", name);
}

/* The rest of a tag behind `prefix`, or NULL. */
static const char *tag_name(const char *tag, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(tag, prefix, n) == 0 ? tag + n : NULL;
}

/* Rules that are to go: of who is named, and of who is no longer alive. */
static bool is_gone(const struct ipt_entry *e, void *userdata) {
        const Edit *edit = userdata;
        const FirewallOracle *o = edit->oracle;
        const char *tag = rule_tag(e), *name;

        name = tag_name(tag, MACHINE_TAG);
        if (name)
                return (edit->gone_machine && strcmp(name, edit->gone_machine) == 0) ||
                       (o && o->machine_is_alive && !o->machine_is_alive(name, o->userdata));
        name = tag_name(tag, ZONE_TAG);
        if (name)
                return (edit->gone_zone && strcmp(name, edit->gone_zone) == 0) ||
                       (o && o->zone_is_alive && !o->zone_is_alive(name, o->userdata));
        return false;
}

/* Jumps follow from whether the chains have rules, in every edit alike. */
static int settle_nat(Table *t, Error **reterr) {
        Rule to_local, all;
        int r;

        rule_begin(&to_local, JUMP_TAG);
        rule_to_local(&to_local);
        rule_jump(&to_local, PORTS);
        rule_begin(&all, JUMP_TAG);
        rule_jump(&all, POST);

        r = table_link(t, "PREROUTING", PORTS, &to_local, false, reterr);
        if (r >= 0)
                r = table_link(t, "OUTPUT", PORTS, &to_local, false, reterr);
        if (r >= 0)
                r = table_link(t, "POSTROUTING", POST, &all, false, reterr);
        if (r >= 0)
                r = table_drop_empty(t, PORTS, reterr);
        if (r >= 0)
                r = table_drop_empty(t, POST, reterr);
        return r;
}

static int settle_one(Table *t, const char *from, const char *chain, Error **reterr) {
        Rule jump;
        int r;

        rule_begin(&jump, JUMP_TAG);
        rule_jump(&jump, chain);
        r = table_link(t, from, chain, &jump, true, reterr);
        return r < 0 ? r : table_drop_empty(t, chain, reterr);
}

typedef struct PortSearch {
        const PortMap *port;
        const char *tag; /* our own */
} PortSearch;

static bool is_port_of_other(const struct ipt_entry *e, void *userdata) {
        const PortSearch *s = userdata;

        return rule_is_for_port(e, s->port->protocol, s->port->host) && strcmp(rule_tag(e), s->tag) != 0;
}

static int claim_port(Table *t, const Edit *edit, const PortSearch *s, Error **reterr) {
        const struct ipt_entry *e = table_find(t, PORTS, is_port_of_other, (void *) s);
        const FirewallOracle *o = edit->oracle;
        const char *name;

        if (!e)
                return 0;
        name = tag_name(rule_tag(e), MACHINE_TAG);
        if (name && o->machine_is_alive && !o->machine_is_alive(name, o->userdata))
                return table_delete(t, PORTS, is_port_of_other, (void *) s, reterr);
        error_set(reterr, EADDRINUSE, "Port %u/%s of the host is published by %s%s%s already", s->port->host,
                  protocol_to_string(s->port->protocol), name ? "machine '" : "a rule in " PORTS, name ?: "", name ? "'" : "");
        return error_hint(reterr, -EADDRINUSE, "Choose another one with --port=HOST:MACHINE.");
}

static int sync_ports(Table *t, const Edit *edit, const FirewallMachine *m, Error **reterr) {
        _cleanup_free_ Rule *rules = calloc(m->ports->n + 1, sizeof(Rule));
        const PortMap *ports = m->ports->items;
        char tag[TAG_MAX];
        int r;

        if (!rules)
                return error_oom(reterr);
        machine_tag(tag, m->name);
        for (size_t i = 0; i < m->ports->n; i++) {
                r = claim_port(t, edit, &(PortSearch){ ports + i, tag }, reterr);
                if (r < 0)
                        return r;
                rule_begin(rules + i, tag);
                rule_port(rules + i, ports[i].protocol, ports[i].host);
                rule_dnat(rules + i, m->address, ports[i].machine);
        }
        return table_sync(t, PORTS, tag, rules, m->ports->n, reterr);
}

static int sync_masquerade(Table *t, const FirewallZone *z, Error **reterr) {
        enum { OUTWARD, HAIRPIN, FROM_LOOPBACK, N };
        uint32_t base = z->range.base, mask = range_mask(z->range);
        char tag[TAG_MAX];
        Rule rules[N];

        zone_tag(tag, z->name);
        for (unsigned i = 0; i < N; i++)
                rule_begin(rules + i, tag);

        rule_source(rules + OUTWARD, base, mask);
        rule_out(rules + OUTWARD, z->bridge, true);

        rule_source(rules + HAIRPIN, base, mask);
        rule_destination(rules + HAIRPIN, base, mask);
        rule_out(rules + HAIRPIN, z->bridge, false);
        rule_ctstate(rules + HAIRPIN, XT_CONNTRACK_STATE_DNAT);

        rule_source(rules + FROM_LOOPBACK, LOOPBACK);
        rule_out(rules + FROM_LOOPBACK, z->bridge, false);

        for (unsigned i = 0; i < N; i++)
                rule_masquerade(rules + i);
        return table_sync(t, POST, tag, rules, N, reterr);
}

static int edit_nat(Table *t, void *userdata, Error **reterr) {
        Edit *edit = userdata;
        int r = 0;

        for (size_t i = 0; edit->set && i < edit->set->n_machines && r >= 0; i++)
                r = sync_ports(t, edit, edit->set->machines + i, reterr);
        for (size_t i = 0; edit->set && i < edit->set->n_zones && r >= 0; i++)
                r = sync_masquerade(t, edit->set->zones + i, reterr);
        if (r >= 0 && !edit->set)
                r = table_delete(t, PORTS, is_gone, edit, reterr);
        if (r >= 0 && !edit->set)
                r = table_delete(t, POST, is_gone, edit, reterr);
        return r < 0 ? r : settle_nat(t, reterr);
}

static int sync_guard(Table *t, const FirewallZone *z, Error **reterr) {
        char tag[TAG_MAX];
        Rule rules[2];

        zone_tag(tag, z->name);
        for (unsigned i = 0; i < ELEMENTSOF(rules); i++) {
                rule_begin(rules + i, tag);
                rule_in(rules + i, z->bridge);
        }
        rule_destination(rules + 0, LOOPBACK);
        rule_source(rules + 1, LOOPBACK);
        for (unsigned i = 0; i < ELEMENTSOF(rules); i++)
                rule_jump(rules + i, "DROP");
        return table_sync(t, GUARD, tag, rules, ELEMENTSOF(rules), reterr);
}

static int edit_raw(Table *t, void *userdata, Error **reterr) {
        Edit *edit = userdata;
        int r = 0;

        for (size_t i = 0; edit->set && i < edit->set->n_zones && r >= 0; i++)
                r = sync_guard(t, edit->set->zones + i, reterr);
        if (r >= 0 && !edit->set)
                r = table_delete(t, GUARD, is_gone, edit, reterr);
        return r < 0 ? r : settle_one(t, "PREROUTING", GUARD, reterr);
}

static int guard_loopback(Edit *edit, bool *ret_loopback, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        r = iptables_edit("raw", edit_raw, edit, &error);
        if (r == -EOPNOTSUPP) {
                log_warning("This kernel has no legacy iptables table 'raw': published ports will not answer on "
                            "127.0.0.1 of the host, ignoring");
                return 0;
        }
        if (r < 0)
                return error_pass(reterr, r, &error);
        *ret_loopback = true;
        return 0;
}

static bool publishes(const FirewallSet *set) {
        for (size_t i = 0; i < set->n_machines; i++)
                if (set->machines[i].ports->n > 0)
                        return true;
        return false;
}

int firewall_apply(const FirewallSet *set, const FirewallOracle *oracle, bool *ret_loopback, Error **reterr) {
        Edit edit = { .set = set, .oracle = oracle };
        _cleanup_close_ int lock = iptables_lock(reterr);
        bool loopback = false;
        int r;

        if (lock < 0)
                return lock;
        if (publishes(set)) {
                r = guard_loopback(&edit, &loopback, reterr);
                if (r < 0)
                        return r;
        }
        r = iptables_edit("nat", edit_nat, &edit, reterr);
        if (r < 0)
                return r;
        *ret_loopback = loopback;
        return 0;
}

static int remove_rules(Edit *edit, Error **reterr) {
        static const struct {
                const char *table;
                TableEdit edit;
        } tables[] = { { "nat", edit_nat }, { "raw", edit_raw } };
        bool machine_only = !edit->gone_zone && !edit->oracle; /* machines have rules in nat alone */
        _cleanup_close_ int lock = -1;
        int result = 0;

        for (unsigned i = 0; i < ELEMENTSOF(tables); i++) {
                int r;

                if (!iptables_table_exists(tables[i].table) || (i > 0 && machine_only))
                        continue;
                if (lock < 0)
                        lock = iptables_lock(reterr);
                if (lock < 0)
                        return lock;
                r = iptables_edit(tables[i].table, tables[i].edit, edit, result < 0 ? NULL : reterr);
                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

int firewall_remove(const char *machine, const char *zone, Error **reterr) {
        return remove_rules(&(Edit){ .gone_machine = machine, .gone_zone = zone }, reterr);
}

int firewall_sweep(const FirewallOracle *oracle, Error **reterr) {
        return remove_rules(&(Edit){ .oracle = oracle }, reterr);
}

const char *firewall_describe(void) {
        if (iptables_table_exists("nat"))
                return "iptables (legacy tables)";
        return "iptables (legacy tables), not in use yet: a machine on a network loads them, where the kernel has them";
}
