/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The legacy tables filter of iptables and ip6tables: NBOX-FORWARD from FORWARD and NBOX-INPUT from INPUT, where these do more than
 * accept. The jump stands first: firewalls end in a drop or reject. A table that nobody fetched yet does not exist, and fetching would
 * make it. */

#include "doorkeeper.h"

#include <string.h>

#include "iptables.h"

#define TABLE "filter"
#define LOOPBACK &(IpAddress){ .family = AF_INET, .v4 = 0x7f000000 }, 8 /* 127.0.0.0/8 */

#define FORWARD "FORWARD", "NBOX-FORWARD"
#define INPUT "INPUT", "NBOX-INPUT"

typedef struct Post {
        int family;
        const char *builtin, *chain;
        bool loopback; /* what goes to the host's loopback, for a zone that has ports of it */
        bool icmp;     /* ICMPv6, by which a machine finds the gateway, as by ARP in IPv4 */
} Post;

static const Post posts[] = {
        { AF_INET, FORWARD, false, false },
        { AF_INET, INPUT, .loopback = true },
        { AF_INET6, FORWARD, false, false },
        { AF_INET6, INPUT, .icmp = true },
};

static bool is_for(const Post *post, const DoorZone *zone) {
        return (!post->loopback || zone->host_ports) && (post->family != AF_INET6 || zone->ipv6);
}

static const char *program(const Post *post) {
        return post->family == AF_INET6 ? "ip6tables" : "iptables";
}

typedef struct Edit {
        const Post *post;
        const DoorZone *zone;  /* to let through, or */
        const DoorsGone *gone; /* who is to lose their accepts */
        bool needed;           /* set: the chain may stop packets */
} Edit;

static bool is_gone(RuleView r, void *userdata) {
        return door_tag_is_gone(rule_tag(r), userdata);
}

static int sync_zone(Table *t, const Post *post, const DoorZone *zone, Error **reterr) {
        enum { FROM, TO, N };
        char tag[TAG_MAX];
        Rule rules[N];

        zone_tag(tag, zone->name);
        for (unsigned i = 0; i < N; i++)
                rule_begin(rules + i, post->family, tag);
        rule_in(rules + FROM, zone->bridge, false);
        if (post->loopback)
                rule_destination(rules + FROM, LOOPBACK);
        if (post->icmp)
                rule_protocol(rules + FROM, IPPROTO_ICMPV6);
        rule_out(rules + TO, zone->bridge, false);
        for (unsigned i = 0; i < N; i++)
                rule_jump(rules + i, "ACCEPT");
        return table_sync(t, post->chain, tag, rules, post->loopback || post->icmp ? 1 : N, reterr);
}

static int edit_filter(Table *t, void *userdata, Error **reterr) {
        Edit *edit = userdata;
        const Post *post = edit->post;
        Rule jump;
        int r = 0;

        edit->needed = !table_accepts_all(t, post->builtin, post->chain);
        if (edit->gone)
                r = table_delete(t, post->chain, is_gone, (void *) edit->gone, reterr);
        else if (edit->needed)
                r = sync_zone(t, post, edit->zone, reterr);
        rule_begin(&jump, post->family, "nbox");
        rule_jump(&jump, post->chain);
        if (r >= 0 && (edit->gone || edit->needed))
                r = table_link(t, post->builtin, post->chain, &jump, true, reterr);
        return r < 0 ? r : table_drop_empty(t, post->chain, reterr);
}

static int commit(Edit *edit, Error **reterr) {
        _cleanup_close_ int lock = iptables_lock(reterr);

        return lock < 0 ? lock : iptables_edit(edit->post->family, TABLE, edit_filter, edit, reterr);
}

static int look_at_zone(const Post *post, const DoorZone *zone, const DoorRequest *req, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        Edit edit = { .post = post, .zone = zone };
        Door *door;
        int r;

        r = iptables_check(edit.post->family, TABLE, edit_filter, &edit, reterr);
        if (r < 0 || !edit.needed)
                return r < 0 ? r : 0;
        door = door_list_add(req->to, zone->name, r == 0 ? DOOR_OPEN : DOOR_SHUT);
        if (!door)
                return error_oom(reterr);
        snprintf(door->where, sizeof(door->where), "chain '%s' of the legacy %s table '" TABLE "'", post->builtin, program(post));
        if (door->state == DOOR_OPEN || !req->open)
                return 0;
        if (commit(&edit, &error) < 0)
                snprintf(door->why, sizeof(door->why), "%s", error->message);
        else
                door->state = DOOR_OPEN;
        return 0;
}

static int look(const DoorView *view _unused_, const DoorRequest *req, Error **reterr) {
        bool exists4 = iptables_table_exists(AF_INET, TABLE), exists6 = iptables_table_exists(AF_INET6, TABLE);
        int r = 0;

        for (const Post *post = posts; post < posts + ELEMENTSOF(posts); post++)
                for (size_t i = 0; i < req->n && r >= 0; i++)
                        if ((post->family == AF_INET ? exists4 : exists6) && is_for(post, req->zones + i))
                                r = look_at_zone(post, req->zones + i, req, reterr);
        return r;
}

static int close_doors(const DoorView *view _unused_, const DoorsGone *gone, Error **reterr) {
        int r = 0;

        for (size_t p = 0; p < ELEMENTSOF(posts) && r >= 0; p++) {
                Edit edit = { .post = posts + p, .gone = gone };

                if (!iptables_table_exists(posts[p].family, TABLE))
                        continue;
                r = iptables_check(edit.post->family, TABLE, edit_filter, &edit, reterr);
                if (r > 0)
                        r = commit(&edit, reterr);
        }
        return r;
}

const Doorkeeper doors_legacy = { look, close_doors };
