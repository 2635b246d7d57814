/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What stands in which legacy table, of iptables and, where a zone has IPv6, of ip6tables; chains that have no rules are not there:
 *
 *     nat     NBOX-PORTS, from PREROUTING and OUTPUT for what goes to an address of the host's own: one DNAT a
 *             published range. OUTPUT is for connections of the host itself, 127.0.0.1 included, but not ::1.
 *             NBOX-HOST, from PREROUTING, before all others: ports of the host's loopback that a machine is offered at its
 *             gateway's address.
 *             NBOX-LOCAL, from INPUT: these come from 127.0.0.1 then.
 *             NBOX-POST, from POSTROUTING: masquerading.
 *     mangle  NBOX-GUARD, from PREROUTING: nothing from a machine goes to or comes from 127.0.0.0/8, or has an IPv6 source that is not
 *             of its zone. This is before the translation back of answers, and so needs no exception that could be wrong.
 *             NBOX-FORWARD, from FORWARD: inner addresses are reached by nobody but by what was published; isolated and
 *             closed zones.
 *             NBOX-ROUTED, from NBOX-FORWARD for what goes to addresses that are not translated: what machines have published there
 *             returns, all else is dropped. It returns to the rules of other zones, one of which may be closed.
 *
 * What drops stands in mangle and not in filter, for there an accept that somebody put before it would lift it. Nothing is
 * accepted here: accepts belong where somebody else drops (doors.h).
 *
 * Earlier versions had NBOX-GUARD in the table raw; machines that they started are still cleaned up after. */

#include "firewall-backend.h"

#include <netinet/in.h>
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
#define ROUTED RULES_ROUTED

#define JUMP_TAG "nbox"

typedef struct Edit {
        const FirewallSet *set;       /* to have, or NULL */
        const char *gone_machine;     /* to remove, or NULL */
        const char *gone_zone;
        const FirewallOracle *oracle; /* NULL: nobody is swept */
        char ***missing;              /* only look: what would have been changed is named here */
        const char *table;            /* then: this table's name */
} Edit;

/* Rules that are to go: of who is named, and of who is no longer alive. */
static bool is_gone(RuleView r, void *userdata) {
        const Edit *edit = userdata;
        const char *tag = rule_tag(r), *name;

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
        const char *from;   /* NULL: rules of zones jump to it */
        const char *chain;
        bool to_local;      /* only what goes to an address of the host's own */
        bool not_loopback6; /* but not to ::1 */
        bool top;
} Jump;

static int link_chain(Table *t, const Jump *jump, Error **reterr) {
        Rule rule;

        rule_begin(&rule, table_family(t), JUMP_TAG);
        if (jump->to_local)
                rule_to_local(&rule);
        if (jump->not_loopback6 && table_family(t) == AF_INET6)
                rule_not_destination(&rule, &(IpAddress){ .family = AF_INET6, .v6 = IN6ADDR_LOOPBACK_INIT }, 128);
        rule_jump(&rule, jump->chain);
        return table_link(t, jump->from, jump->chain, &rule, jump->top, reterr);
}

static int settle(Table *t, const Jump *jumps, size_t n, Error **reterr) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                if (jumps[i].from)
                        r = link_chain(t, jumps + i, reterr);
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

static bool is_port_of_other(RuleView r, void *userdata) {
        PortSearch *s = userdata;

        return rule_meets_ports(r, &s->span, &s->port) && strcmp(rule_tag(r), s->tag) != 0;
}

static int claim_port(Table *t, const Edit *edit, PortSearch *s, Error **reterr) {
        RuleView other;

        while ((other = table_find(t, PORTS, is_port_of_other, s)).bytes) {
                const char *name = tag_name(rule_tag(other), MACHINE_TAG);
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

/* Rules for some ports of a machine. */
static size_t make_rules(const Table *t, const FirewallMachine *m, const PortList *ports,
                         bool (*make)(Rule *r, int family, const FirewallMachine *m, const PortMap *p), Rule *ret) {
        size_t n = 0;

        for (size_t i = 0; i < ports->n; i++)
                n += make(ret + n, table_family(t), m, ports->items + i);
        return n;
}

static int claim_ports(Table *t, const Edit *edit, const FirewallMachine *m, const char *tag, Error **reterr) {
        Rule unused;
        int r = 0;

        for (const PortMap *p = m->ports->items; p < m->ports->items + m->ports->n && r >= 0; p++) {
                PortSearch search = { { p->protocol, p->address, p->host, (uint16_t) (p->host + p->count - 1) }, tag, 0 };

                if (rule_published(&unused, table_family(t), m, p))
                        r = claim_port(t, edit, &search, reterr);
        }
        return r;
}

static int sync_ports(Table *t, const Edit *edit, const FirewallMachine *m, Error **reterr) {
        _cleanup_free_ Rule *rules = calloc(m->ports->n + m->host_ports->n + 1, sizeof(Rule));
        char tag[TAG_MAX];
        int r = 0;

        if (!rules)
                return error_oom(reterr);
        machine_tag(tag, m->name);
        if (!edit->missing)
                r = claim_ports(t, edit, m, tag, reterr);
        if (r >= 0)
                r = table_sync(t, PORTS, tag, rules, make_rules(t, m, m->ports, rule_published, rules), reterr);
        if (r >= 0)
                r = table_sync(t, HOST, tag, rules, make_rules(t, m, m->host_ports, rule_host_port, rules), reterr);
        return r < 0 ? r : note(t, edit, "machine", m->name, reterr);
}

/* Before the zones' own rules of that chain, which drop. */
static int sync_routed(Table *t, const Edit *edit, const FirewallMachine *m, Error **reterr) {
        _cleanup_free_ Rule *rules = calloc(m->ports->n + 1, sizeof(Rule));
        char tag[TAG_MAX];
        int r;

        if (!rules)
                return error_oom(reterr);
        machine_tag(tag, m->name);
        r = table_sync_top(t, ROUTED, tag, rules, make_rules(t, m, m->ports, rule_routed, rules), reterr);
        return r < 0 ? r : note(t, edit, "machine", m->name, reterr);
}

/* ---- zones ---- */

static int sync_zones(Table *t, const char *chain, const Edit *edit, ZoneRules make, Error **reterr) {
        int r = 0;

        for (size_t i = 0; i < edit->set->n_zones && r >= 0; i++) {
                const FirewallZone *z = edit->set->zones + i;
                Rule rules[ZONE_RULES_MAX];
                char tag[TAG_MAX];

                zone_tag(tag, z->name);
                r = table_sync(t, chain, tag, rules, make(z, table_family(t), rules), reterr);
                if (r >= 0)
                        r = note(t, edit, "zone", z->name, reterr);
        }
        return r;
}

/* ---- tables ---- */

static int delete_gone(Table *t, const Jump *jumps, size_t n, Edit *edit, Error **reterr) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = table_delete(t, jumps[i].chain, is_gone, edit, reterr);
        return r;
}

static int edit_nat(Table *t, void *userdata, Error **reterr) {
        static const Jump jumps[] = {
                { .from = "PREROUTING", .chain = PORTS, .to_local = true },
                { .from = "OUTPUT", .chain = PORTS, .to_local = true, .not_loopback6 = true },
                { .from = "PREROUTING", .chain = HOST, .to_local = true, .top = true },
                { .from = "INPUT", .chain = LOCAL },
                { .from = "POSTROUTING", .chain = POST },
        };
        Edit *edit = userdata;
        int r = 0;

        if (!edit->set)
                r = delete_gone(t, jumps, ELEMENTSOF(jumps), edit, reterr);
        for (size_t i = 0; edit->set && i < edit->set->n_machines && r >= 0; i++)
                r = sync_ports(t, edit, edit->set->machines + i, reterr);
        if (r >= 0 && edit->set)
                r = sync_zones(t, POST, edit, rules_masquerade, reterr);
        if (r >= 0 && edit->set)
                r = sync_zones(t, LOCAL, edit, rules_local, reterr);
        if (r >= 0)
                r = settle(t, jumps, ELEMENTSOF(jumps), reterr);
        return r < 0 ? r : note(t, edit, "table", edit->table, reterr);
}

static int edit_mangle(Table *t, void *userdata, Error **reterr) {
        static const Jump jumps[] = {
                { .from = "PREROUTING", .chain = GUARD, .top = true },
                { .from = "FORWARD", .chain = FORWARD, .top = true },
                { .chain = ROUTED },
        };
        Edit *edit = userdata;
        int r = 0;

        if (!edit->set)
                r = delete_gone(t, jumps, ELEMENTSOF(jumps), edit, reterr);
        if (r >= 0 && edit->set)
                r = sync_zones(t, GUARD, edit, rules_guard, reterr);
        if (r >= 0 && edit->set)
                r = sync_zones(t, ROUTED, edit, rules_routed, reterr); /* a chain must be there before a jump to it */
        for (size_t i = 0; edit->set && i < edit->set->n_machines && r >= 0; i++)
                r = sync_routed(t, edit, edit->set->machines + i, reterr);
        if (r >= 0 && edit->set)
                r = sync_zones(t, FORWARD, edit, rules_forward, reterr);
        if (r >= 0)
                r = settle(t, jumps, ELEMENTSOF(jumps), reterr);
        return r < 0 ? r : note(t, edit, "table", edit->table, reterr);
}

static int edit_raw(Table *t, void *userdata, Error **reterr) {
        static const Jump jumps[] = { { .from = "PREROUTING", .chain = GUARD, .top = true } };
        int r = delete_gone(t, jumps, ELEMENTSOF(jumps), userdata, reterr);

        return r < 0 ? r : settle(t, jumps, ELEMENTSOF(jumps), reterr);
}

typedef struct TableUse {
        int family;
        const char *name;
        const char *title;  /* for people */
        TableEdit edit;
        bool old;           /* only cleaned up */
        bool no_machines;   /* has rules of zones alone */
} TableUse;

/* Guards first, so that nothing is ever open that is not guarded. */
static const TableUse tables[] = {
        { .family = AF_INET, .name = "mangle", .title = "mangle", .edit = edit_mangle, .no_machines = true },
        { .family = AF_INET6, .name = "mangle", .title = "mangle (IPv6)", .edit = edit_mangle },
        { .family = AF_INET, .name = "nat", .title = "nat", .edit = edit_nat },
        { .family = AF_INET6, .name = "nat", .title = "nat (IPv6)", .edit = edit_nat },
        { .family = AF_INET, .name = "raw", .title = "raw", .edit = edit_raw, .old = true, .no_machines = true },
};

/* Whether a table must be there: what has no IPv6 pays for none. */
static bool is_needed(const TableUse *t, const FirewallSet *set) {
        bool needed = t->family == AF_INET;

        for (size_t i = 0; i < set->n_zones; i++)
                needed |= set->zones[i].range6.prefix > 0;
        return needed && !t->old;
}

/* One that is there although nothing in it is needed may have what was needed before. */
static bool is_used(const TableUse *t, const FirewallSet *set) {
        return is_needed(t, set) || (!t->old && iptables_table_exists(t->family, t->name));
}

static int apply(const FirewallSet *set, const FirewallOracle *oracle, Error **reterr) {
        _cleanup_close_ int lock = iptables_lock(reterr);
        Edit edit = { .set = set, .oracle = oracle };
        int r = lock < 0 ? lock : 0;

        for (const TableUse *t = tables; t < tables + ELEMENTSOF(tables) && r >= 0; t++)
                if (is_used(t, set))
                        r = iptables_edit(t->family, t->name, t->edit, &edit, reterr);
        return r;
}

static int check(const FirewallSet *set, char ***ret_missing, Error **reterr) {
        int r = 0;

        for (const TableUse *t = tables; t < tables + ELEMENTSOF(tables) && r >= 0; t++) {
                Edit edit = { .set = set, .missing = ret_missing, .table = t->title };

                if (t->old)
                        continue;
                if (iptables_table_exists(t->family, t->name))
                        r = iptables_check(t->family, t->name, t->edit, &edit, reterr);
                else if (is_needed(t, set))
                        r = firewall_miss(ret_missing, "table", t->title, reterr);
        }
        return r;
}

static int remove_rules(Edit *edit, Error **reterr) {
        bool machine_only = !edit->gone_zone && !edit->oracle;
        _cleanup_close_ int lock = -1;
        char tag[TAG_MAX];
        int result = 0;

        machine_tag(tag, edit->gone_machine ?: "");
        for (size_t i = ELEMENTSOF(tables); i-- > 0;) {
                const TableUse *t = tables + i;
                int r;

                if ((machine_only && t->no_machines) || !iptables_table_exists(t->family, t->name))
                        continue;
                if (machine_only && !iptables_may_have(t->family, t->name, tag))
                        continue;
                if (lock < 0)
                        lock = iptables_lock(reterr);
                if (lock < 0)
                        return lock;
                r = iptables_edit(t->family, t->name, t->edit, edit, result < 0 ? NULL : reterr);
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
        return iptables_usable(AF_INET, "nat") && iptables_usable(AF_INET, "mangle") ? 0 : -EOPNOTSUPP;
}

static bool usable(void) {
        return (iptables_table_exists(AF_INET, "nat") && iptables_table_exists(AF_INET, "mangle")) || netns_try(try_tables, NULL) >= 0;
}

const FirewallBackend firewall_iptables = {
        .name = "iptables",
        .usable = usable,
        .apply = apply,
        .check = check,
        .remove = remove_named,
        .sweep = sweep,
};
