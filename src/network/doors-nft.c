/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Base chains of nftables: iptables-nft's (so Docker's and ufw's), an administrator's own. Each of them that hooks in where the
 * packet comes by has its say, and one drop is enough: so each that may drop gets the accepts, before all of its own rules.
 *
 * Docker says where others' rules are safe from it: in DOCKER-USER, which it makes if need be, jumps to first and never
 * rewrites. Where FORWARD sends packets there before anything can stop them, the accepts stand there. */

#include "doorkeeper.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>
#include <string.h>

#include "tag.h"

#define OURS "nbox" /* our own tables' name, in every family */
#define DOCKER_CHAIN "DOCKER-USER"
#define DELETIONS_MAX 12 /* in one transaction: NETLINK_BATCH_MAX with its frame */

/* Who sees which packets, and an accept that lets a zone's pass. In the family bridge a packet between two ports of one bridge
 * has the ports' names. The hook numbers of the families are the same: NF_BR_FORWARD is NF_INET_FORWARD.
 *
 * In the host's input all of ICMPv6: a machine finds the gateway by it, as by ARP in IPv4, which no such chain sees. */
typedef struct Post {
        uint8_t family;
        uint32_t hook;
        uint32_t key;     /* NFT_META_* */
        bool host_ports;  /* only for a zone that has some: to the loopback */
        bool ipv6;        /* only for a zone that has it */
        uint8_t protocol; /* 0: all */
} Post;

static const Post posts[] = {
        { NFPROTO_IPV4, NF_INET_FORWARD, NFT_META_IIFNAME },
        { NFPROTO_IPV4, NF_INET_FORWARD, NFT_META_OIFNAME },
        { NFPROTO_IPV6, NF_INET_FORWARD, NFT_META_IIFNAME, .ipv6 = true },
        { NFPROTO_IPV6, NF_INET_FORWARD, NFT_META_OIFNAME, .ipv6 = true },
        { NFPROTO_INET, NF_INET_FORWARD, NFT_META_IIFNAME },
        { NFPROTO_INET, NF_INET_FORWARD, NFT_META_OIFNAME },
        { NFPROTO_BRIDGE, NF_BR_FORWARD, NFT_META_BRI_IIFNAME },
        { NFPROTO_IPV4, NF_INET_LOCAL_IN, NFT_META_IIFNAME, .host_ports = true },
        { NFPROTO_INET, NF_INET_LOCAL_IN, NFT_META_IIFNAME, .host_ports = true },
        { NFPROTO_IPV6, NF_INET_LOCAL_IN, NFT_META_IIFNAME, .ipv6 = true, .protocol = IPPROTO_ICMPV6 },
        { NFPROTO_INET, NF_INET_LOCAL_IN, NFT_META_IIFNAME, .ipv6 = true, .protocol = IPPROTO_ICMPV6 },
};

static bool is_post_of(const Post *post, const NftChain *chain) {
        return post->family == chain->family && post->hook == chain->hook;
}

/* The accepts that a zone needs in a chain. */
typedef struct Accepts {
        NftAccept items[2];
        size_t n;
} Accepts;

static Accepts accepts_of(const NftChain *chain, const DoorZone *zone, const char *tag) {
        Accepts a = {};

        for (size_t i = 0; i < ELEMENTSOF(posts) && a.n < ELEMENTSOF(a.items); i++) {
                const Post *p = posts + i;

                if (is_post_of(p, chain) && (!p->host_ports || zone->host_ports) && (!p->ipv6 || zone->ipv6))
                        a.items[a.n++] = (NftAccept){ .key = p->key, .ifname = zone->bridge, .loopback = p->host_ports,
                                                      .protocol = p->protocol, .tag = tag };
        }
        return a;
}

/* A chain, and what stands in it. */
typedef struct Standing {
        const NftChain *chain;
        NftRule *rules;
        size_t n;
} Standing;

static void standing_clear(Standing *s) {
        free(s->rules);
}

static int standing_read(const DoorView *view, const NftChain *chain, Standing *s, Error **reterr) {
        int r = nft_rule_list(view->nl, chain, &s->rules, &s->n);

        s->chain = chain;
        if (r == -ENOENT) /* it has gone since */
                return 0;
        return r < 0 ? error_errno(reterr, r, "Cannot list the rules of the chain '%s' of nftables", chain->name) : 0;
}

static const NftRule *first_stop(const Standing *s) {
        for (size_t i = 0; i < s->n; i++)
                if (s->rules[i].may_stop)
                        return s->rules + i;
        return NULL;
}

static bool is_accept(const NftRule *rule, const NftAccept *a) {
        return rule->accepts && rule->key == a->key && rule->protocol == a->protocol && strcmp(rule->tag, a->tag) == 0 &&
               strcmp(rule->ifname, a->ifname) == 0;
}

static bool is_open(const Standing *s, const Accepts *accepts) {
        const NftRule *stop = first_stop(s), *end = stop ?: s->rules + s->n;

        for (size_t i = 0; i < accepts->n; i++) {
                const NftRule *rule = s->rules;

                while (rule < end && !is_accept(rule, accepts->items + i))
                        rule++;
                if (rule == end)
                        return false;
        }
        return true;
}

/* All rules with that tag, or all that are to go; most often there is none. */
static int delete_rules(const DoorView *view, const Standing *s, const char *tag, const DoorsGone *gone) {
        unsigned put = 0;
        int r = 0;

        for (size_t i = 0; i < s->n && (r >= 0 || r == -ENOENT); i++) {
                if (tag ? strcmp(s->rules[i].tag, tag) != 0 : !door_tag_is_gone(s->rules[i].tag, gone))
                        continue;
                if (put++ == 0)
                        nft_begin(view->nl);
                nft_put_delete(view->nl, s->chain, s->rules[i].handle);
                if (put < DELETIONS_MAX)
                        continue;
                r = nft_commit(view->nl);
                put = 0;
        }
        if (put > 0)
                r = nft_commit(view->nl);
        return r == -ENOENT ? 0 : r;
}

/* The new ones first: there is no moment without. */
static int open_door(const DoorView *view, const Standing *s, const Accepts *accepts, const char *tag) {
        int r;

        nft_begin(view->nl);
        for (size_t i = 0; i < accepts->n; i++)
                nft_put_accept(view->nl, s->chain, accepts->items + i);
        r = nft_commit(view->nl);
        return r < 0 ? r : delete_rules(view, s, tag, NULL);
}

/* ---- where a door is needed, and where it is put ---- */

static const char *family_name(uint8_t family) {
        return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : family == NFPROTO_INET ? "inet" : "bridge";
}

static const NftChain *docker_chain(const DoorView *view, const Standing *s) {
        const NftRule *stop = first_stop(s);

        if (!stop || strcmp(stop->jump, DOCKER_CHAIN) != 0)
                return NULL;
        for (size_t i = 0; i < view->n_chains; i++)
                if (view->chains[i].family == s->chain->family && strcmp(view->chains[i].name, DOCKER_CHAIN) == 0 &&
                    strcmp(view->chains[i].table, s->chain->table) == 0)
                        return view->chains + i;
        return NULL;
}

static void describe(Door *door, const NftChain *chain, int r) {
        snprintf(door->where, sizeof(door->where), "chain '%.80s' of the nftables table '%s %.80s'", chain->name,
                 family_name(chain->family), chain->table);
        if (r >= 0)
                return;
        if (r == -EPERM) {
                door->state = DOOR_LOCKED;
                snprintf(door->why, sizeof(door->why), "the program that made this table keeps it to itself (flags owner); let it "
                         "accept what comes from and goes to the zone's bridge there");
                return;
        }
        snprintf(door->why, sizeof(door->why), "cannot add a rule to it: %s", strerror(-r));
}

/* A base chain that may stop packets, and where in it accepts are to stand: in itself, or in Docker's. */
typedef struct Sight {
        const DoorView *view;
        Standing base, docker;
        const Standing *in; /* one of them */
} Sight;

static void sight_clear(Sight *s) {
        free(s->base.rules);
        free(s->docker.rules);
}

/* Rules of the zone that stand in the base chain although the door is in Docker's are of before Docker was there. */
static void look_at_zone(const Sight *s, const DoorZone *zone, bool open, Door *door) {
        char tag[TAG_MAX];
        Accepts accepts;
        int r = 0;

        zone_tag(tag, zone->name);
        accepts = accepts_of(s->base.chain, zone, tag);
        if (is_open(s->in, &accepts))
                door->state = DOOR_OPEN;
        else if (open) {
                r = open_door(s->view, s->in, &accepts, tag);
                if (r >= 0 && s->in != &s->base)
                        r = delete_rules(s->view, &s->base, tag, NULL);
                door->state = r < 0 ? DOOR_SHUT : DOOR_OPEN;
        }
        describe(door, s->in->chain, r);
}

/* 1, or 0 where the chain stops nothing. */
static int see_chain(Sight *s, const NftChain *chain, Error **reterr) {
        const NftChain *inner;
        int r;

        r = standing_read(s->view, chain, &s->base, reterr);
        if (r < 0)
                return r;
        if (!chain->drops && !first_stop(&s->base))
                return 0;
        s->in = &s->base;
        inner = docker_chain(s->view, &s->base);
        if (inner) {
                r = standing_read(s->view, inner, &s->docker, reterr);
                s->in = &s->docker;
        }
        return r < 0 ? r : 1;
}

static int look_at_chain(Sight *s, const NftChain *chain, const DoorRequest *req, Error **reterr) {
        int r = see_chain(s, chain, reterr);

        for (size_t i = 0; r > 0 && i < req->n; i++) {
                Door *door;

                if (accepts_of(chain, req->zones + i, "").n == 0)
                        continue;
                door = door_list_add(req->to, req->zones[i].name, DOOR_SHUT);
                if (!door)
                        return error_oom(reterr);
                look_at_zone(s, req->zones + i, req->open, door);
        }
        return r < 0 ? r : 0;
}

/* Whether others' rules in it concern a zone at all. */
static bool is_watched(const NftChain *chain) {
        if (strcmp(chain->table, OURS) == 0 || is_of_firewalld(chain))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(posts); i++)
                if (is_post_of(posts + i, chain))
                        return true;
        return false;
}

static bool concerns(const NftChain *chain, const DoorRequest *req) {
        for (size_t i = 0; is_watched(chain) && i < req->n; i++)
                if (accepts_of(chain, req->zones + i, "").n > 0)
                        return true;
        return false;
}

static int look(const DoorView *view, const DoorRequest *req, Error **reterr) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < view->n_chains; i++) {
                _cleanup_(sight_clear) Sight s = { .view = view };

                if (concerns(view->chains + i, req))
                        r = look_at_chain(&s, view->chains + i, req, reterr);
        }
        return r;
}

static int close_doors(const DoorView *view, const DoorsGone *gone, Error **reterr) {
        for (size_t i = 0; i < view->n_chains; i++) {
                const NftChain *chain = view->chains + i;
                _cleanup_(standing_clear) Standing s = {};
                int r;

                if (!is_watched(chain) && strcmp(chain->name, DOCKER_CHAIN) != 0)
                        continue;
                r = standing_read(view, chain, &s, reterr);
                if (r < 0)
                        return r;
                r = delete_rules(view, &s, NULL, gone);
                if (r < 0 && r != -EPERM) /* -EPERM: its owner keeps it to itself, so nothing of ours is in it */
                        return error_errno(reterr, r, "Cannot take rules out of the chain '%s' of nftables", chain->name);
        }
        return 0;
}

const Doorkeeper doors_nft = { look, close_doors };
