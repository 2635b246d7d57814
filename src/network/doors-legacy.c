/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The legacy table filter: NBOX-FORWARD from FORWARD and NBOX-INPUT from INPUT, where these do more than accept. The jump stands
 * first: firewalls end in a drop or reject. A table that nobody fetched yet does not exist, and fetching would make it. */

#include "doorkeeper.h"

#include <string.h>

#include "iptables.h"

#define TABLE "filter"
#define LOOPBACK &(IpAddress){ .family = AF_INET, .v4 = 0x7f000000 }, 8 /* 127.0.0.0/8 */

typedef struct Post {
        const char *builtin, *chain;
        bool host_ports; /* only for a zone that has some */
} Post;

static const Post posts[] = { { "FORWARD", "NBOX-FORWARD", false }, { "INPUT", "NBOX-INPUT", true } };

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
                rule_begin(rules + i, table_family(t), tag);
        rule_in(rules + FROM, zone->bridge, false);
        if (post->host_ports)
                rule_destination(rules + FROM, LOOPBACK);
        rule_out(rules + TO, zone->bridge, false);
        for (unsigned i = 0; i < N; i++)
                rule_jump(rules + i, "ACCEPT");
        return table_sync(t, post->chain, tag, rules, post->host_ports ? 1 : N, reterr);
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
        rule_begin(&jump, table_family(t), "nbox");
        rule_jump(&jump, post->chain);
        if (r >= 0 && (edit->gone || edit->needed))
                r = table_link(t, post->builtin, post->chain, &jump, true, reterr);
        return r < 0 ? r : table_drop_empty(t, post->chain, reterr);
}

static int commit(Edit *edit, Error **reterr) {
        _cleanup_close_ int lock = iptables_lock(reterr);

        return lock < 0 ? lock : iptables_edit(AF_INET, TABLE, edit_filter, edit, reterr);
}

static int look_at_zone(const Post *post, const DoorZone *zone, const DoorRequest *req, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        Edit edit = { .post = post, .zone = zone };
        Door *door;
        int r;

        r = iptables_check(AF_INET, TABLE, edit_filter, &edit, reterr);
        if (r < 0 || !edit.needed)
                return r < 0 ? r : 0;
        door = door_list_add(req->to, zone->name, r == 0 ? DOOR_OPEN : DOOR_SHUT);
        if (!door)
                return error_oom(reterr);
        snprintf(door->where, sizeof(door->where), "chain '%s' of the legacy iptables table '" TABLE "'", post->builtin);
        if (door->state == DOOR_OPEN || !req->open)
                return 0;
        if (commit(&edit, &error) < 0)
                snprintf(door->why, sizeof(door->why), "%s", error->message);
        else
                door->state = DOOR_OPEN;
        return 0;
}

static int look(const DoorView *view _unused_, const DoorRequest *req, Error **reterr) {
        int r = 0;

        if (!iptables_table_exists(AF_INET, TABLE))
                return 0;
        for (size_t p = 0; p < ELEMENTSOF(posts); p++)
                for (size_t i = 0; i < req->n && r >= 0; i++)
                        if (!posts[p].host_ports || req->zones[i].host_ports)
                                r = look_at_zone(posts + p, req->zones + i, req, reterr);
        return r;
}

static int close_doors(const DoorView *view _unused_, const DoorsGone *gone, Error **reterr) {
        int r = 0;

        if (!iptables_table_exists(AF_INET, TABLE))
                return 0;
        for (size_t p = 0; p < ELEMENTSOF(posts) && r >= 0; p++) {
                Edit edit = { .post = posts + p, .gone = gone };

                r = iptables_check(AF_INET, TABLE, edit_filter, &edit, reterr);
                if (r > 0)
                        r = commit(&edit, reterr);
        }
        return r;
}

const Doorkeeper doors_legacy = { look, close_doors };
