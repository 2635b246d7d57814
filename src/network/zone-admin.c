/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The file is the zone: what stands of it in the kernel is made from the file by the next machine. So a change is one replaced
 * file, after a look at whether machines run in the zone; their links, rules and addresses could not follow. */

#include "zone-admin.h"

#include <string.h>

#include "doors.h"
#include "firewall.h"
#include "lease.h"
#include "link.h"
#include "machine-link.h"
#include "network-lock.h"
#include "release.h"
#include "strv.h"
#include "uplink.h"
#include "zone-range.h"
#include "zone-range6.h"
#include "zone.h"

typedef struct Work {
        const char *name;
        int lock;
        Netlink *nl;
        ZoneState *state;
        bool known; /* the zone has a file */
} Work;

/* What was begun leaves nothing: the lock's directory goes where no zone is up. */
static void work_end(Work *w) {
        zone_state_free(w->state);
        if (w->nl && w->lock >= 0)
                network_release_host(w->lock, w->nl);
        netlink_free(w->nl);
        close_fd(w->lock);
}

static int work_begin(Work *w, Error **reterr) {
        int r;

        r = zone_name_check(w->name, reterr);
        if (r < 0)
                return r;
        w->lock = network_lock(reterr);
        if (w->lock < 0)
                return w->lock;
        r = netlink_new(NETLINK_ROUTE, -1, &w->nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        r = zone_state_load(w->name, &w->state, reterr);
        w->known = r > 0;
        return r;
}

/* The names of machines that run in the zone, each once; the caller's. */
static int machines_in(const Work *w, char ***ret, Error **reterr) {
        _cleanup_free_ LinkInfo *ports = NULL;
        _cleanup_strv_ char **names = NULL;
        char bridge[IF_NAMESIZE];
        MachineLink machine;
        LinkInfo link;
        size_t n = 0;
        int r;

        zone_bridge_name(w->name, bridge);
        r = link_get(w->nl, bridge, &link);
        if (r >= 0)
                r = link_list(w->nl, link.index, &ports, &n);
        if (r < 0 && r != -ENODEV)
                return error_errno(reterr, r, "Cannot list the ports of %s", bridge);
        for (size_t i = 0; i < n; i++)
                if (machine_link_parse(ports + i, &machine) && !strv_contains(names, machine.machine) &&
                    strv_append(&names, machine.machine) < 0)
                        return error_oom(reterr);
        *ret = TAKE_PTR(names);
        return 0;
}

static int refuse_while_used(const Work *w, const char *what, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        _cleanup_free_ char *list = NULL, *words = NULL;
        int r;

        r = machines_in(w, &names, reterr);
        if (r < 0 || !names)
                return r;
        list = strv_join(names, ", ");
        words = strv_join(names, " ");
        if (!list || !words)
                return error_oom(reterr);
        error_set(reterr, EBUSY, "The zone '%s' cannot be %s: %s run%s in it", w->name, what, list, names[1] ? "" : "s");
        return error_hint(reterr, -EBUSY, "Power %s off first: `nbox poweroff --wait %s`.", names[1] ? "them" : "it", words);
}

/* What still stands though no machine is there: its service, or what a crash left. */
static int take_down(const Work *w, Error **reterr) {
        char bridge[IF_NAMESIZE], zone[ZONE_NAME_MAX + 1];
        LinkInfo link;
        int r;

        zone_bridge_name(w->name, bridge);
        if (link_get(w->nl, bridge, &link) < 0 || !zone_of_bridge(&link, zone))
                return 0;
        r = zone_down(w->nl, w->name, reterr);
        if (r >= 0)
                r = firewall_remove(NULL, w->name, reterr);
        return r < 0 ? r : doors_close(w->name, reterr);
}

/* ---- create ---- */

static int refuse_range(Range range, const char *name, const char *clash, Error **reterr) {
        char text[RANGE_TEXT_MAX];

        range_format(range, text);
        error_set(reterr, EADDRINUSE, "The range %s cannot be given to the zone '%s': it meets %s", text, name, clash);
        return error_hint(reterr, -EADDRINUSE, "Without --range= a free one is chosen.");
}

/* The range that was asked for, or where `choose` is set a free one. */
static int settle_range(const Work *w, Range wanted, bool choose, Range *ret, Error **reterr) {
        _cleanup_(host_ranges_done) HostRanges ranges = {};
        const char *clash;
        int r;

        if (wanted.prefix == 0 && !choose) {
                *ret = w->state->range;
                return 0;
        }
        r = host_ranges_read(w->nl, true, &ranges, reterr);
        if (r < 0)
                return r;
        if (wanted.prefix == 0)
                return host_ranges_choose(&ranges, w->name, ret, reterr);
        clash = host_ranges_clash(&ranges, wanted, w->name);
        if (clash)
                return refuse_range(wanted, w->name, clash, reterr);
        *ret = wanted;
        return 0;
}

static int refuse_range6(const Work *w, const Range6 *range, const char *clash, Error **reterr) {
        char text[RANGE6_TEXT_MAX];

        range6_format(range, text);
        error_set(reterr, EADDRINUSE, "The IPv6 range %s cannot be given to the zone '%s': it meets %s", text, w->name, clash);
        return error_hint(reterr, -EADDRINUSE, "Without --range6= a free one is chosen.");
}

static int refuse_size(const Range6 *given, Range range, Error **reterr) {
        char text[RANGE_TEXT_MAX], text6[RANGE6_TEXT_MAX];

        range_format(range, text);
        range6_format(given, text6);
        error_set(reterr, EINVAL, "The IPv6 range %s has no place for all addresses of the range %s", text6, text);
        return error_hint(reterr, -EINVAL, "Give a wider one, of %u bits at most, or a smaller --range=.", range.prefix + 96);
}

/* Whether the prefix that it has is to be replaced though nobody has said so. */
static bool must_move6(const Work *w, const HostRanges6 *ranges) {
        const ZoneState *s = w->state;

        return s->range6.prefix > 0 && !s->routed6 && host_ranges6_clash(ranges, &s->range6, false, w->name);
}

/* Set the state's IPv6, which is to go with `range`. */
static int settle_range6(const Work *w, const Range6Wish *wish, Range range, Error **reterr) {
        _cleanup_(host_ranges6_done) HostRanges6 ranges = {};
        ZoneState *s = w->state;
        const char *clash;
        int r;

        if (wish->kind == RANGE6_NONE || (wish->kind == RANGE6_AS_IT_IS && (s->no_range6 || ipv6_absence()))) {
                s->no_range6 = s->no_range6 || wish->kind == RANGE6_NONE;
                s->range6 = s->no_range6 ? (Range6){} : s->range6;
                s->routed6 = s->routed6 && !s->no_range6;
                return 0;
        }
        r = host_ranges6_read(w->nl, true, &ranges, reterr);
        if (r < 0)
                return r;
        clash = wish->kind == RANGE6_GIVEN ? host_ranges6_clash(&ranges, &wish->range, wish->routed, w->name) : NULL;
        if (clash)
                return refuse_range6(w, &wish->range, clash, reterr);
        s->no_range6 = false;
        if (wish->kind == RANGE6_GIVEN) {
                s->range6 = wish->range;
                s->routed6 = wish->routed;
        } else if (wish->kind == RANGE6_CHOSEN || s->range6.prefix == 0 || must_move6(w, &ranges)) {
                host_ranges6_choose(&ranges, w->name, &s->range6);
                s->routed6 = false;
        }
        return range6_holds(&s->range6, range) ? 0 : refuse_size(&s->range6, range, reterr);
}

static int create(Work *w, const ZoneRequest *req, Error **reterr) {
        Range range;
        int r;

        if (w->state->created) {
                error_set(reterr, EEXIST, "There is a zone '%s' already", w->name);
                return error_hint(reterr, -EEXIST, "`nbox zone move %s --range=…` gives it another range; to change the rest, remove it "
                                  "first.", w->name);
        }
        r = refuse_while_used(w, "changed", reterr);
        if (r >= 0 && req->uplink)
                r = uplink_check(w->nl, req->uplink, req->vlan, w->name, reterr);
        if (r >= 0)
                r = settle_range(w, req->range, w->state->range.prefix == 0, &range, reterr);
        if (r >= 0)
                r = settle_range6(w, &req->range6, range, reterr);
        if (r >= 0)
                r = take_down(w, reterr);
        if (r < 0)
                return r;
        lease_move(w->state, range);
        w->state->created = true;
        w->state->isolated = req->isolated;
        w->state->closed = req->closed;
        w->state->vlan = req->vlan;
        snprintf(w->state->uplink, sizeof(w->state->uplink), "%s", req->uplink ?: "");
        return zone_state_save(w->state, reterr);
}

int zone_create(const ZoneRequest *req, Error **reterr) {
        _cleanup_(work_end) Work w = { .name = req->name, .lock = -1 };
        int r;

        r = work_begin(&w, reterr);
        return r < 0 ? r : create(&w, req, reterr);
}

/* ---- remove, move ---- */

static int refuse_unknown(const Work *w, Error **reterr) {
        error_set(reterr, ENOENT, "There is no zone '%s'", w->name);
        return error_hint(reterr, -ENOENT, "`nbox zone list` shows those there are.");
}

int zone_remove(const char *name, Error **reterr) {
        _cleanup_(work_end) Work w = { .name = name, .lock = -1 };
        int r;

        r = zone_name_check(name, reterr);
        if (r < 0)
                return r;
        r = work_begin(&w, NULL);
        if (r < 0 && !w.nl) /* a file that cannot be read can be removed all the same */
                return error_errno(reterr, r, "Cannot lock the network");
        if (r == 0)
                return refuse_unknown(&w, reterr);
        r = refuse_while_used(&w, "removed", reterr);
        if (r >= 0)
                r = take_down(&w, reterr);
        return r < 0 ? r : zone_state_remove(name, reterr);
}

/* Whether another IPv4 range is to be had. */
static int must_move(const Work *w, const ZoneRequest *req, bool *ret, Error **reterr) {
        _cleanup_(host_ranges6_done) HostRanges6 ranges6 = {};
        _cleanup_(host_ranges_done) HostRanges ranges = {};
        int r;

        *ret = req->range6.kind == RANGE6_AS_IT_IS;
        if (!*ret || req->range.prefix > 0 || w->state->range.prefix == 0)
                return 0;
        r = host_ranges_read(w->nl, true, &ranges, reterr);
        if (r >= 0)
                r = host_ranges6_read(w->nl, true, &ranges6, reterr);
        if (r >= 0)
                *ret = !must_move6(w, &ranges6) || host_ranges_clash(&ranges, w->state->range, w->name);
        return r;
}

int zone_move(const ZoneRequest *req, ZoneMoved *ret, Error **reterr) {
        _cleanup_(work_end) Work w = { .name = req->name, .lock = -1 };
        bool choose = false;
        size_t before;
        Range range;
        int r;

        r = work_begin(&w, reterr);
        if (r < 0)
                return r;
        if (!w.known)
                return refuse_unknown(&w, reterr);
        r = refuse_while_used(&w, "moved", reterr);
        if (r >= 0)
                r = must_move(&w, req, &choose, reterr);
        if (r >= 0)
                r = settle_range(&w, req->range, choose, &range, reterr);
        if (r >= 0)
                r = settle_range6(&w, &req->range6, range, reterr);
        if (r >= 0)
                r = take_down(&w, reterr);
        if (r < 0)
                return r;
        before = w.state->n_leases;
        lease_move(w.state, range);
        r = zone_state_save(w.state, reterr);
        if (r < 0)
                return r;
        *ret = (ZoneMoved){ .range = range, .range6 = w.state->range6, .leases = before, .kept = w.state->n_leases };
        return 0;
}
