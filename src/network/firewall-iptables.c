/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What stands in which legacy table:
 *
 *     nat     NBOX-PORTS, from PREROUTING and OUTPUT for what goes to an address of the host's own: one DNAT a
 *             published range. OUTPUT is for connections of the host itself, 127.0.0.1 included.
 *             NBOX-HOST, from PREROUTING, before all others: ports of the host's loopback that a machine is offered at its
 *             gateway's address.
 *             NBOX-LOCAL, from INPUT: these come from 127.0.0.1 then.
 *             NBOX-POST, from POSTROUTING: masquerading.
 *     mangle  NBOX-GUARD, from PREROUTING: nothing from a machine goes to or comes from 127.0.0.0/8. This is before the
 *             translation back of answers, and so needs no exception that could be wrong.
 *             NBOX-FORWARD, from FORWARD: inner addresses are reached by nobody but by what was published; isolated and
 *             closed zones.
 *
 * What drops stands in mangle and not in filter, for there an accept that somebody put before it would lift it. Nothing is
 * accepted here: accepts belong where somebody else drops (doors.h).
 *
 * Earlier versions had NBOX-GUARD in the table raw; machines that they started are still cleaned up after. */

#include "firewall-backend.h"

#include <string.h>

#include "firewall-iptables-rules.h"
#include "iptables.h"
#include "netns.h"
#include "port-map.h"
#include "tag.h"

#define PORTS "NBOX-PORTS"
#define HOST "NBOX-HOST"
#define LOCAL "NBOX-LOCAL"
#define POST "NBOX-POST"
#define GUARD "NBOX-GUARD"
#define FORWARD "NBOX-FORWARD"

#define JUMP_TAG "nbox"

typedef struct Edit {
        const FirewallSet *set;       /* to have, or NULL */
        const char *gone_machine;     /* to remove, or NULL */
        const char *gone_zone;
        const FirewallOracle *oracle; /* NULL: nobody is swept */
        char ***missing;              /* only look: what would have been changed is named here */
} Edit;

/* Rules that are to go: of who is named, and of who is no longer alive. */
static bool is_gone(const struct ipt_entry *e, void *userdata) {
        const Edit *edit = userdata;
        const char *tag = rule_tag(e), *name;

        name = tag_name(tag, MACHINE_TAG);
        if (name)
                return (edit->gone_machine && strcmp(name, edit->gone_machine) == 0) || firewall_machine_is_dead(edit->oracle, name);
        name = tag_name(tag, ZONE_TAG);
        if (name)
                return (edit->gone_zone && strcmp(name, edit->gone_zone) == 0) || firewall_zone_is_dead(edit->oracle, name);
        return false;
}

static int note(Table *t, const Edit *edit, const char *kind, const char *name, Error **reterr) {
        return edit->missing && table_take_changed(t) ? firewall_miss(edit->missing, kind, name, reterr) : 0;
}

/* ---- jumps, which follow from whether the chains have rules ---- */

typedef struct Jump {
        const char *from, *chain;
        bool to_local; /* only what goes to an address of the host's own */
        bool top;
} Jump;

static int settle(Table *t, const Jump *jumps, size_t n, Error **reterr) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                Rule rule;

                rule_begin(&rule, JUMP_TAG);
                if (jumps[i].to_local)
                        rule_to_local(&rule);
                rule_jump(&rule, jumps[i].chain);
                r = table_link(t, jumps[i].from, jumps[i].chain, &rule, jumps[i].top, reterr);
        }
        for (size_t i = 0; i < n && r >= 0; i++)
                r = table_drop_empty(t, jumps[i].chain, reterr);
        return r;
}

/* ---- ports ---- */

typedef struct PortSearch {
        PortSpan span;
        const char *tag; /* our own */
        uint16_t port;   /* that was found */
} PortSearch;

static bool is_port_of_other(const struct ipt_entry *e, void *userdata) {
        PortSearch *s = userdata;

        return rule_meets_ports(e, s->span, &s->port) && strcmp(rule_tag(e), s->tag) != 0;
}

static int claim_port(Table *t, const Edit *edit, PortSearch *s, Error **reterr) {
        const struct ipt_entry *e;

        while ((e = table_find(t, PORTS, is_port_of_other, s))) {
                const char *name = tag_name(rule_tag(e), MACHINE_TAG);
                char tag[TAG_MAX];
                int r;

                if (!name || !firewall_machine_is_dead(edit->oracle, name))
                        return firewall_port_is_taken(s->span.protocol, s->port, name, reterr);
                machine_tag(tag, name);
                r = table_sync(t, PORTS, tag, NULL, 0, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int sync_ports(Table *t, const Edit *edit, const FirewallMachine *m, Error **reterr) {
        _cleanup_free_ Rule *rules = calloc(m->ports->n + m->host_ports->n + 1, sizeof(Rule));
        char tag[TAG_MAX];
        size_t n = 0;
        int r = 0;

        if (!rules)
                return error_oom(reterr);
        machine_tag(tag, m->name);
        for (size_t i = 0; i < m->ports->n && r >= 0; i++) {
                const PortMap *p = m->ports->items + i;
                PortSearch search = { { p->protocol, p->address.v4, p->host, (uint16_t) (p->host + p->count - 1) }, tag, 0 };

                if (!port_address_is_of(&p->address, AF_INET))
                        continue;
                if (!edit->missing)
                        r = claim_port(t, edit, &search, reterr);
                rule_published(rules + n++, m, p);
        }
        if (r >= 0)
                r = table_sync(t, PORTS, tag, rules, n, reterr);
        for (size_t i = 0; i < m->host_ports->n; i++)
                rule_host_port(rules + i, m, m->host_ports->items + i);
        if (r >= 0)
                r = table_sync(t, HOST, tag, rules, m->host_ports->n, reterr);
        return r < 0 ? r : note(t, edit, "machine", m->name, reterr);
}

/* ---- zones ---- */

typedef size_t (*ZoneRules)(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]);

static int sync_zones(Table *t, const char *chain, const Edit *edit, ZoneRules make, Error **reterr) {
        int r = 0;

        for (size_t i = 0; i < edit->set->n_zones && r >= 0; i++) {
                const FirewallZone *z = edit->set->zones + i;
                Rule rules[ZONE_RULES_MAX];
                char tag[TAG_MAX];

                zone_tag(tag, z->name);
                r = table_sync(t, chain, tag, rules, make(z, rules), reterr);
                if (r >= 0)
                        r = note(t, edit, "zone", z->name, reterr);
        }
        return r;
}

/* ---- tables ---- */

static int edit_nat(Table *t, void *userdata, Error **reterr) {
        static const Jump jumps[] = {
                { "PREROUTING", PORTS, true, false }, { "OUTPUT", PORTS, true, false },
                { "PREROUTING", HOST, true, true },   { "INPUT", LOCAL, false, false },
                { "POSTROUTING", POST, false, false },
        };
        Edit *edit = userdata;
        int r = 0;

        for (size_t i = 0; edit->set && i < edit->set->n_machines && r >= 0; i++)
                r = sync_ports(t, edit, edit->set->machines + i, reterr);
        if (r >= 0 && edit->set)
                r = sync_zones(t, POST, edit, rules_masquerade, reterr);
        if (r >= 0 && edit->set)
                r = sync_zones(t, LOCAL, edit, rules_local, reterr);
        for (size_t i = 0; !edit->set && i < ELEMENTSOF(jumps) && r >= 0; i++)
                r = table_delete(t, jumps[i].chain, is_gone, edit, reterr);
        if (r >= 0)
                r = settle(t, jumps, ELEMENTSOF(jumps), reterr);
        return r < 0 ? r : note(t, edit, "table", "nat", reterr);
}

static int edit_mangle(Table *t, void *userdata, Error **reterr) {
        static const Jump jumps[] = { { "PREROUTING", GUARD, false, true }, { "FORWARD", FORWARD, false, true } };
        Edit *edit = userdata;
        int r = 0;

        if (edit->set)
                r = sync_zones(t, GUARD, edit, rules_guard, reterr);
        if (r >= 0 && edit->set)
                r = sync_zones(t, FORWARD, edit, rules_forward, reterr);
        for (size_t i = 0; !edit->set && i < ELEMENTSOF(jumps) && r >= 0; i++)
                r = table_delete(t, jumps[i].chain, is_gone, edit, reterr);
        if (r >= 0)
                r = settle(t, jumps, ELEMENTSOF(jumps), reterr);
        return r < 0 ? r : note(t, edit, "table", "mangle", reterr);
}

static int edit_raw(Table *t, void *userdata, Error **reterr) {
        static const Jump jumps[] = { { "PREROUTING", GUARD, false, true } };
        int r = table_delete(t, GUARD, is_gone, userdata, reterr);

        return r < 0 ? r : settle(t, jumps, ELEMENTSOF(jumps), reterr);
}

/* Guards first, so that nothing is ever open that is not guarded. */
static const struct {
        const char *name;
        TableEdit edit;
        bool wanted;
} tables[] = { { "mangle", edit_mangle, true }, { "nat", edit_nat, true }, { "raw", edit_raw, false } };

static int apply(const FirewallSet *set, const FirewallOracle *oracle, Error **reterr) {
        _cleanup_close_ int lock = iptables_lock(reterr);
        Edit edit = { .set = set, .oracle = oracle };
        int r = lock < 0 ? lock : 0;

        for (size_t i = 0; i < ELEMENTSOF(tables) && r >= 0; i++)
                if (tables[i].wanted)
                        r = iptables_edit(tables[i].name, tables[i].edit, &edit, reterr);
        return r;
}

static int check(const FirewallSet *set, char ***ret_missing, Error **reterr) {
        Edit edit = { .set = set, .missing = ret_missing };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(tables) && r >= 0; i++)
                if (!tables[i].wanted)
                        continue;
                else if (iptables_table_exists(tables[i].name))
                        r = iptables_check(tables[i].name, tables[i].edit, &edit, reterr);
                else
                        r = firewall_miss(ret_missing, "table", tables[i].name, reterr);
        return r;
}

static int remove_rules(Edit *edit, Error **reterr) {
        bool machine_only = !edit->gone_zone && !edit->oracle; /* machines have rules in nat alone */
        _cleanup_close_ int lock = -1;
        int result = 0;

        for (size_t i = ELEMENTSOF(tables); i-- > 0;) {
                int r;

                if ((machine_only && tables[i].edit != edit_nat) || !iptables_table_exists(tables[i].name))
                        continue;
                if (lock < 0)
                        lock = iptables_lock(reterr);
                if (lock < 0)
                        return lock;
                r = iptables_edit(tables[i].name, tables[i].edit, edit, result < 0 ? NULL : reterr);
                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

static int remove_named(const char *machine, const char *zone, Error **reterr) {
        return remove_rules(&(Edit){ .gone_machine = machine, .gone_zone = zone }, reterr);
}

static int sweep(const FirewallOracle *oracle, Error **reterr) {
        return remove_rules(&(Edit){ .oracle = oracle }, reterr);
}

static int try_tables(void *userdata _unused_) {
        return iptables_usable("nat") && iptables_usable("mangle") ? 0 : -EOPNOTSUPP;
}

static bool usable(void) {
        return (iptables_table_exists("nat") && iptables_table_exists("mangle")) || netns_try(try_tables, NULL) >= 0;
}

const FirewallBackend firewall_iptables = {
        .name = "iptables",
        .usable = usable,
        .apply = apply,
        .check = check,
        .remove = remove_named,
        .sweep = sweep,
};
