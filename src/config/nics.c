/* SPDX-License-Identifier: GPL-2.0-or-later */

/* --network= and what else says which network a machine is on: lists of interfaces (nic-text.c has one of them).
 *
 * Each --network=KIND:… adds an interface, in their order and before those of nspawn's options (--network-zone= and so on), which
 * add one each as well. What stands alone (host, none, ns:PATH) takes the place of what --network= said before, and the other way round. */

#include <string.h>

#include "ifname.h"
#include "nics.h"
#include "provenance.h"
#include "suggest.h"
#include "values.h"

#define NAMES_TRIED 32

/* ---- lists ---- */

bool nic_list_has(const NicList *list, NicKind kind) {
        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].kind == kind)
                        return true;
        return false;
}

const char *nic_list_zone(const NicList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].kind == NIC_ZONE)
                        return list->items[i].zone;
        return NULL;
}

const char *network_word(NetworkKind network, const NicList *nics) {
        return network == NETWORK_OWN && nics->n > 0 ? nic_kind_to_string(nics->items[0].kind) : network_kind_to_string(network);
}

static int refuse_pair(const NicConfig *a, const char *what, Error **reterr) {
        char text[NIC_TEXT_MAX];

        nic_format(a, text);
        return error_set(reterr, EEXIST, "Two interfaces have the same %s, one of which is '%s'", what, text);
}

static bool same_own_address(const NicConfig *a, const NicConfig *b) {
        for (size_t i = 0; i < a->n_addresses; i++) {
                const NicAddress *other = nic_address(b, a->addresses[i].address.family);

                if (other && ip_same(&a->addresses[i].address, &other->address))
                        return true;
        }
        return false;
}

/* A machine has one way out a family; that it is not the zone's, one gateway= says. */
static bool same_way_out(const NicConfig *a, const NicConfig *b) {
        for (size_t i = 0; i < a->n_addresses; i++) {
                const NicAddress *other = nic_address(b, a->addresses[i].address.family);

                if (a->addresses[i].gateway.family && other && other->gateway.family)
                        return true;
        }
        return false;
}

/* Two interfaces of one machine in the same zone get along, but not with the same addresses. */
static int check_pair(const NicConfig *a, const NicConfig *b, Error **reterr) {
        bool same_link = a->kind == b->kind && strcmp(a->link, b->link) == 0 && strcmp(a->zone, b->zone) == 0;

        if (*a->name && strcmp(a->name, b->name) == 0)
                return refuse_pair(a, "name", reterr);
        if (same_own_address(a, b))
                return refuse_pair(a, "address", reterr);
        if (same_way_out(a, b)) {
                error_set(reterr, EEXIST, "Two interfaces have a gateway= of the same family, and the machine can have one way out");
                return error_hint(reterr, -EEXIST, "Leave out one of them; other routes are made inside.");
        }
        if (!same_link)
                return 0;
        if (a->kind == NIC_EXTRA || a->kind == NIC_INTERFACE)
                return refuse_pair(a, "link of the host", reterr);
        if (a->kind == NIC_ZONE && a->address && a->address == b->address)
                return error_set(reterr, EEXIST, "Two interfaces in the zone '%s' have the same address", a->zone);
        if (a->mac_set && b->mac_set && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0)
                return refuse_pair(a, "MAC address", reterr);
        return 0;
}

/* A copy at that place. -EEXIST: it cannot be beside one of those that are there; -E2BIG. */
static int insert(NicList *list, size_t at, const NicConfig *nic, Error **reterr) {
        NicConfig *grown;

        for (size_t i = 0; i < list->n; i++) {
                int r = check_pair(nic, list->items + i, reterr);

                if (r < 0)
                        return r;
        }
        if (list->n >= NICS_MAX)
                return error_set(reterr, E2BIG, "A machine has at most %d interfaces", NICS_MAX);
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return error_oom(reterr);
        list->items = grown;
        memmove(grown + at + 1, grown + at, (list->n - at) * sizeof(*grown));
        grown[at] = *nic;
        list->n++;
        return 0;
}

int nic_list_add(NicList *list, const NicConfig *nic, Error **reterr) {
        return insert(list, list->n, nic, reterr);
}

void nic_list_done(NicList *list) {
        free(list->items);
        *list = (NicList){};
}

int nic_list_copy(const NicList *from, NicList *to) {
        NicConfig *items = from->n > 0 ? calloc(from->n, sizeof(*items)) : NULL;

        if (from->n > 0 && !items)
                return -ENOMEM;
        if (from->n > 0)
                memcpy(items, from->items, from->n * sizeof(*items));
        *to = (NicList){ items, from->n };
        return 0;
}

/* ---- names inside ---- */

static bool name_is_taken(const NicList *list, const char *name) {
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->items[i].name, name) == 0 || (list->items[i].kind == NIC_INTERFACE && !*list->items[i].name &&
                                                               strcmp(list->items[i].link, name) == 0))
                        return true;
        return false;
}

/* The first of a link's is "mv-LINK", where that fits and can be said. */
static void name_after_link(const NicList *list, NicConfig *nic, const char *prefix) {
        char name[IFNAME_SIZE], link[LINK_NAME_MAX + 1];

        snprintf(link, sizeof(link), "%s", nic->link);
        for (char *c = strpbrk(link, NIC_NAME_NEVER); c; c = strpbrk(c, NIC_NAME_NEVER))
                *c = '_';
        for (unsigned attempt = 0; attempt < NAMES_TRIED; attempt++) {
                ifname_fit(prefix, link, attempt, name);
                if (!name_is_taken(list, name))
                        break;
        }
        memcpy(nic->name, name, sizeof(nic->name));
}

static void name_as_host(const NicList *list, NicConfig *nic) {
        char name[IFNAME_SIZE];

        for (unsigned number = 0; number < NAMES_TRIED; number++) {
                snprintf(name, sizeof(name), "host%u", number);
                if (!name_is_taken(list, name))
                        break;
        }
        memcpy(nic->name, name, sizeof(nic->name));
}

void nic_list_choose_names(NicList *list) {
        for (NicConfig *nic = list->items; nic < list->items + list->n; nic++) {
                if (*nic->name || nic->kind == NIC_INTERFACE)
                        continue;
                if (nic->kind == NIC_MACVLAN || nic->kind == NIC_IPVLAN)
                        name_after_link(list, nic, nic->kind == NIC_MACVLAN ? "mv-" : "iv-");
                else
                        name_as_host(list, nic);
        }
}

/* ---- the words ---- */

/* Those of nspawn's options and keys, one or several at a time. */
int parse_nics(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        NicConfig nic;
        int r;

        r = split_words(v->text, &words, reterr);
        if (r >= 0 && !words)
                return nic_parse_kind(v->option->nic, "", &nic, reterr);
        for (char **word = words; r >= 0 && word && *word; word++) {
                r = nic_parse_kind(v->option->nic, *word, &nic, reterr);
                if (r >= 0)
                        r = nic_list_add(&c->nics, &nic, reterr);
        }
        return r;
}

void nics_reset(MachineConfig *c, NicKind kind) {
        size_t n = 0;

        for (size_t i = 0; i < c->nics.n; i++)
                if (c->nics.items[i].kind != kind || c->nics.items[i].is_first)
                        c->nics.items[n++] = c->nics.items[i];
        c->nics.n = n;
        provenance_forget_nics(c, kind);
        if (n == 0)
                nic_list_done(&c->nics);
}

static size_t count_first(const NicList *list) {
        size_t n = 0;

        while (n < list->n && list->items[n].is_first)
                n++;
        return n;
}

/* What stands alone. */
static int set_network(MachineConfig *c, NetworkKind kind) {
        size_t n = count_first(&c->nics);

        if (n > 0)
                memmove(c->nics.items, c->nics.items + n, (c->nics.n - n) * sizeof(*c->nics.items));
        c->nics.n -= n;
        if (c->nics.n == 0)
                nic_list_done(&c->nics);
        if (c->network == NETWORK_NAMESPACE)
                c->network_namespace = (free(c->network_namespace), NULL);
        c->network = kind;
        return 0;
}

static int add_first(MachineConfig *c, const char *text, Error **reterr) {
        NicConfig nic;
        int r;

        r = nic_parse(text, &nic, reterr);
        if (r < 0)
                return r;
        if (c->network != NETWORK_OWN)
                set_network(c, NETWORK_OWN);
        nic.is_first = true;
        return insert(&c->nics, count_first(&c->nics), &nic, reterr);
}

int parse_network_namespace(MachineConfig *c, const OptionValue *v, Error **reterr) {
        char *path = NULL;
        int r = host_path(v->text, v->from_file, &path, reterr);

        if (r < 0)
                return r;
        free(c->network_namespace);
        c->network_namespace = path;
        return 0;
}

static int set_namespace(MachineConfig *c, const OptionValue *v, const char *path, Error **reterr) {
        OptionValue word = { .option = v->option, .text = path, .from_file = v->from_file };

        if (!*path)
                return error_set(reterr, EINVAL, "The path is missing: ns:PATH");
        set_network(c, NETWORK_NAMESPACE);
        return parse_network_namespace(c, &word, reterr);
}

static int refuse_word(const char *word, Error **reterr) {
        static const EnumName *const tables[] = { nic_kind_names, network_kind_names };
        Suggestion best = suggestion_begin(word, strcspn(word, ":,"));

        for (size_t i = 0; i < ELEMENTSOF(tables); i++)
                for (const EnumName *e = tables[i]; e->name; e++)
                        suggestion_offer(&best, e->name);
        error_set(reterr, EINVAL, "'%.80s' is not one of zone[:NAME], veth, bridge:NAME, macvlan:IF, ipvlan:IF, interface:IF, host, none or ns:PATH",
                  word);
        return best.name ? error_hint(reterr, -EINVAL, "Did you mean %s?", best.name) : -EINVAL;
}

int parse_network(MachineConfig *c, const OptionValue *v, Error **reterr) {
        static const char ns[] = "ns:";
        int kind, r;

        if (strncmp(v->text, ns, strlen(ns)) == 0 || strcmp(v->text, "ns") == 0)
                return set_namespace(c, v, v->text + strnlen(v->text, strlen(ns)), reterr);
        if (nic_text_has_kind(v->text))
                return add_first(c, v->text, reterr);
        if (strcmp(v->text, "default-zone") == 0)
                return add_first(c, "zone", reterr);
        r = enum_parse(network_kind_names, v->text, &kind, NULL);
        return r < 0 ? refuse_word(v->text, reterr) : set_network(c, (NetworkKind) kind);
}

/* ---- what all of it comes to ---- */

static int refuse_contradiction(const char *word, Error **reterr) {
        error_set(reterr, EINVAL, "%s contradicts another network option", word);
        return error_hint(reterr, -EINVAL, "It stands alone: leave it out, or --private-network and the other --network…= beside it.");
}

/* nspawn's --network-veth; a bridge or a zone that is named is that pair's other end. */
static int add_veth(MachineConfig *c, Error **reterr) {
        static const NicConfig veth = { .kind = NIC_VETH };
        size_t n = count_first(&c->nics);

        for (size_t i = n; i < c->nics.n; i++)
                if (c->nics.items[i].kind == NIC_ZONE || c->nics.items[i].kind == NIC_BRIDGE)
                        return 0;
        return insert(&c->nics, n, &veth, reterr);
}

int config_resolve_network(MachineConfig *c, Error **reterr) {
        bool own = c->nics.n > 0 || c->network_veth == 1;
        char word[32];

        if (c->network == NETWORK_HOST || c->network == NETWORK_NONE) {
                snprintf(word, sizeof(word), "--network=%s", network_kind_to_string(c->network));
                own |= c->network_namespace || (c->network == NETWORK_HOST && c->private_network == 1);
                return own ? refuse_contradiction(word, reterr) : 0;
        }
        if (c->network_namespace) {
                c->network = NETWORK_NAMESPACE;
                return own || c->private_network == 1 ? refuse_contradiction("--network=ns:PATH", reterr) : 0;
        }
        if (own || c->network == NETWORK_OWN)
                c->network = NETWORK_OWN;
        else if (c->private_network == 1)
                c->network = NETWORK_NONE;
        else if (c->private_network == 0 || c->network_veth == 0)
                c->network = NETWORK_HOST;
        return c->network == NETWORK_OWN && c->network_veth == 1 ? add_veth(c, reterr) : 0;
}
