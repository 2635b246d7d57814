/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The tables `ip nbox` and `ip6 nbox` (firewall-nft-table.h). What stands is read, what is needed is worked out, and the difference is one
 * transaction for both, made by libnftables; where there is none, the library is not even loaded. All writers of ours hold the network lock;
 * others (`nft flush ruleset`) may come between reading and writing, and then the kernel refuses the whole transaction, for it
 * names what is no longer there, and all is done again. */

#include "firewall-backend.h"

#include <netinet/in.h>
#include <string.h>

#include "firewall-nft-elements.h"
#include "module.h"
#include "nft.h"
#include "port-map.h"
#include "tag.h"

#define TRIES 8

typedef struct State {
        NftElements stand, need;
        NftTableState tables[N_NFT_FAMILIES]; /* in the order of nft_families */
} State;

static void state_clear(State *s) {
        nft_elements_clear(&s->stand);
        nft_elements_clear(&s->need);
}

/* ---- a transaction as text ---- */

/* Names come from zones and machines that were checked long ago, and from elements that somebody may have added by hand: this is
 * where one that was not checked would become a command. */
static bool is_plain(const NftElement *e) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.: /\"";

        return e->key[strspn(e->key, plain)] == 0 && !strchr(e->tag, '"') && e->tag[strspn(e->tag, plain)] == 0;
}

typedef bool (*ElementMatch)(const NftElement *e, const void *userdata);

/* Elements that `wanted` chooses, each set's in one command. */
static void write_elements(FILE *f, const char *verb, const NftElements *l, ElementMatch wanted, const void *userdata) {
        bool adding = strcmp(verb, "add") == 0;
        const NftElement *before = NULL;

        for (const NftElement *e = l->items; e < l->items + l->n; e++) {
                bool begins = !before || before->family != e->family || before->set != e->set;

                if (!is_plain(e) || !wanted(e, userdata))
                        continue;
                if (before && begins)
                        fputs(" }\n", f);
                if (begins)
                        fprintf(f, "%s element %s " NFT_TABLE " %s { ", verb, nft_family_name(e->family), nft_sets[e->set].name);
                else
                        fputs(", ", f);
                fputs(e->key, f);
                if (adding)
                        fprintf(f, " comment \"%s\"%s%s", e->tag, e->data[0] ? " : " : "", e->data);
                before = e;
        }
        if (before)
                fputs(" }\n", f);
}

static bool is_same(const NftElement *a, const NftElement *b) {
        return strcmp(a->data, b->data) == 0 && strcmp(a->tag, b->tag) == 0;
}

static bool is_missing(const NftElement *e, const void *userdata) {
        const State *s = userdata;
        const NftElement *stands = nft_elements_find(&s->stand, e);

        return !stands || !is_same(stands, e);
}

/* ---- having what is needed ---- */

typedef struct Apply {
        const FirewallSet *set;
        const FirewallOracle *oracle;
        const State *state;
} Apply;

static bool is_of_set(const FirewallSet *set, const char *tag) {
        const char *zone = tag_name(tag, ZONE_TAG), *machine = tag_name(tag, MACHINE_TAG);

        for (size_t i = 0; zone && i < set->n_zones; i++)
                if (strcmp(set->zones[i].name, zone) == 0)
                        return true;
        for (size_t i = 0; machine && i < set->n_machines; i++)
                if (strcmp(set->machines[i].name, machine) == 0)
                        return true;
        return false;
}

static bool is_of_dead(const FirewallOracle *o, const char *tag) {
        const char *zone = tag_name(tag, ZONE_TAG), *machine = tag_name(tag, MACHINE_TAG);

        return (zone && firewall_zone_is_dead(o, zone)) || (machine && firewall_machine_is_dead(o, machine));
}

/* Ranges of zones that live meet nobody's (zone-range.h): what does is of a dead one. */
static bool is_met_by_range(const NftElement *e, const NftElements *need) {
        for (const NftElement *n = need->items; e->set == NFT_SET_RANGES && n < need->items + need->n; n++)
                if (n->set == NFT_SET_RANGES && n->family == e->family && memcmp(n->address, e->last, sizeof(e->last)) <= 0 &&
                    memcmp(e->address, n->last, sizeof(n->last)) <= 0)
                        return true;
        return false;
}

static bool is_port_set(NftSet set) {
        return set >= NFT_SET_TCP && set <= NFT_SET_UDP_AT;
}

/* Whether another machine's element has a port of one of these machines, on the same address; either may be all addresses. */
static bool has_port_of(const NftElement *e, const FirewallSet *set) {
        bool udp = e->set == NFT_SET_UDP || e->set == NFT_SET_UDP_AT;
        const char *owner = tag_name(e->tag, MACHINE_TAG);
        IpAddress address = nft_element_address(e);

        for (size_t i = 0; is_port_set(e->set) && i < set->n_machines; i++) {
                const FirewallMachine *m = set->machines + i;

                for (size_t p = 0; p < m->ports->n && !(owner && strcmp(owner, m->name) == 0); p++) {
                        const PortMap *map = m->ports->items + p;

                        if ((map->protocol == IPPROTO_UDP) == udp && e->port >= map->host && e->port - map->host < map->count &&
                            firewall_is_published(m, map, e->family) && port_address_meets(&map->address, &address))
                                return true;
                }
        }
        return false;
}

/* What must go before what is missing can come: wrong ones under the same key, those that these zones and machines need no more,
 * and what stands against them, which is of dead ones: claim_ports() has seen to that. The living are not asked after one by one,
 * for the hundredth machine would pay for the others. */
static bool is_in_the_way(const NftElement *e, const void *userdata) {
        const Apply *a = userdata;
        const NftElement *needed = nft_elements_find(&a->state->need, e);

        if (needed)
                return !is_same(e, needed);
        return is_of_set(a->set, e->tag) || has_port_of(e, a->set) || is_met_by_range(e, &a->state->need);
}

static int claim_ports(const Apply *a, Error **reterr) {
        const NftElements *stand = &a->state->stand;

        for (size_t i = 0; i < stand->n; i++) {
                const NftElement *e = stand->items + i;

                if (has_port_of(e, a->set) && !is_of_dead(a->oracle, e->tag))
                        return firewall_port_is_taken(e->set == NFT_SET_UDP || e->set == NFT_SET_UDP_AT ? IPPROTO_UDP : IPPROTO_TCP, e->port,
                                                      tag_name(e->tag, MACHINE_TAG), reterr);
        }
        return 0;
}

static int read_state(State *s, const FirewallSet *set, Error **reterr) {
        int r = nft_elements_read(&s->stand, s->tables);

        if (r < 0)
                return error_errno(reterr, r, "Cannot read the tables '" NFT_TABLE "' of nftables");
        if (set && nft_elements_want(&s->need, set) < 0)
                return error_oom(reterr);
        for (size_t i = 0; i < s->need.n; i++)
                if (!is_plain(s->need.items + i))
                        return error_set(reterr, EINVAL, "No rule can be made for a name like '%s'", s->need.items[i].tag);
        return 0;
}

/* 1: something was changed. */
static int run(char *commands, size_t size, Error **reterr) {
        int r;

        if (size == 0)
                return 0;
        r = nft_run(commands, reterr);
        return r < 0 ? r : 1;
}

/* That of IPv4 always, for it is what says that this backend is used; that of IPv6 as long as somebody has it. */
static bool needs_table(const State *s, int family) {
        for (size_t i = 0; i < s->need.n; i++)
                if (s->need.items[i].family == family)
                        return true;
        return family == AF_INET;
}

static bool lacks_table(const State *s, size_t i) {
        return s->tables[i] == NFT_TABLE_BROKEN || (s->tables[i] == NFT_TABLE_ABSENT && needs_table(s, nft_families[i]));
}

static int apply_once(const FirewallSet *set, const FirewallOracle *oracle, Error **reterr) {
        _cleanup_(state_clear) State s = {};
        Apply a = { set, oracle, &s };
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *f;
        int r;

        r = read_state(&s, set, reterr);
        if (r >= 0)
                r = claim_ports(&a, reterr);
        if (r < 0)
                return r;
        f = open_memstream(&text, &size);
        if (!f)
                return error_oom(reterr);
        for (size_t i = 0; i < N_NFT_FAMILIES; i++)
                if (lacks_table(&s, i))
                        nft_table_write(f, nft_families[i]);
        write_elements(f, "delete", &s.stand, is_in_the_way, &a);
        write_elements(f, "add", &s.need, is_missing, &s);
        return fclose(f) != 0 ? error_oom(reterr) : run(text, size, reterr);
}

/* Whether somebody else changed the table between our reading and writing. */
static bool was_changed(int r) {
        return r == -ENOENT || r == -EEXIST || r == -EBUSY;
}

static int apply(const FirewallSet *set, const FirewallOracle *oracle, Error **reterr) {
        for (unsigned i = 0;; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = apply_once(set, oracle, &error);

                if (r >= 0)
                        return 0;
                if (!was_changed(r) || i >= TRIES)
                        return error_pass(reterr, r, &error);
        }
}

static int check(const FirewallSet *set, char ***ret_missing, Error **reterr) {
        _cleanup_(state_clear) State s = {};
        int r;

        r = read_state(&s, set, reterr);
        for (size_t i = 0; i < N_NFT_FAMILIES && r >= 0; i++)
                if (lacks_table(&s, i))
                        r = firewall_miss(ret_missing, "table", nft_families[i] == AF_INET6 ? "ip6 " NFT_TABLE : "ip " NFT_TABLE, reterr);
        for (size_t i = 0; i < s.need.n && r >= 0; i++) {
                const char *tag = s.need.items[i].tag, *zone = tag_name(tag, ZONE_TAG), *machine = tag_name(tag, MACHINE_TAG);

                if (is_missing(s.need.items + i, &s))
                        r = firewall_miss(ret_missing, zone ? "zone" : "machine", zone ?: machine, reterr);
        }
        return r;
}

/* ---- taking away ---- */

typedef struct Gone {
        const char *machine, *zone; /* either may be NULL */
        const FirewallOracle *oracle;
} Gone;

static bool is_gone(const NftElement *e, const void *userdata) {
        const Gone *gone = userdata;
        const char *zone = tag_name(e->tag, ZONE_TAG), *machine = tag_name(e->tag, MACHINE_TAG);

        return (zone && gone->zone && strcmp(zone, gone->zone) == 0) ||
               (machine && gone->machine && strcmp(machine, gone->machine) == 0) || is_of_dead(gone->oracle, e->tag);
}

typedef struct GoneOfFamily {
        const Gone *gone;
        int family;
} GoneOfFamily;

static bool is_gone_of_family(const NftElement *e, const void *userdata) {
        const GoneOfFamily *g = userdata;

        return e->family == g->family && is_gone(e, g->gone);
}

/* Whether nothing would be left in a family's table. */
static bool is_last(const State *s, const GoneOfFamily *g) {
        for (const NftElement *e = s->stand.items; e < s->stand.items + s->stand.n; e++)
                if (e->family == g->family && !is_gone(e, g->gone))
                        return false;
        return true;
}

static void write_removal(FILE *f, const State *s, const Gone *gone) {
        for (size_t i = 0; i < N_NFT_FAMILIES; i++) {
                GoneOfFamily g = { gone, nft_families[i] };

                if (s->tables[i] == NFT_TABLE_ABSENT)
                        continue;
                if (is_last(s, &g))
                        fprintf(f, "delete table %s " NFT_TABLE "\n", nft_family_name(g.family));
                else
                        write_elements(f, "delete", &s->stand, is_gone_of_family, &g);
        }
}

static int remove_once(const Gone *gone, Error **reterr) {
        _cleanup_(state_clear) State s = {};
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *f;
        int r;

        r = read_state(&s, NULL, reterr);
        if (r < 0)
                return r;
        f = open_memstream(&text, &size);
        if (!f)
                return error_oom(reterr);
        write_removal(f, &s, gone);
        return fclose(f) != 0 ? error_oom(reterr) : run(text, size, reterr);
}

static int remove_elements(const Gone *gone, Error **reterr) {
        for (unsigned i = 0;; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = remove_once(gone, &error);

                if (r >= 0)
                        return 0;
                if (!was_changed(r) || i >= TRIES)
                        return error_pass(reterr, r, &error);
        }
}

static int remove_named(const char *machine, const char *zone, Error **reterr) {
        return remove_elements(&(Gone){ .machine = machine, .zone = zone }, reterr);
}

static bool usable(void) {
        NftElements l = {};
        NftTableState tables[N_NFT_FAMILIES];
        int r = nft_elements_read(&l, tables);

        nft_elements_clear(&l);
        return r >= 0;
}

/* A kernel without nftables has nothing of ours in them. */
static int sweep(const FirewallOracle *oracle, Error **reterr) {
        return usable() ? remove_elements(&(Gone){ .oracle = oracle }, reterr) : 0;
}

static bool load_and_use(void) {
        if (usable())
                return true;
        (void) module_load("nf_tables");
        return usable();
}

const FirewallBackend firewall_nft = {
        .name = "nft",
        .usable = load_and_use,
        .apply = apply,
        .check = check,
        .remove = remove_named,
        .sweep = sweep,
};
