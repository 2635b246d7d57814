/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Looking goes through the same list whether or not it is followed by mending; mending goes from the bridge upwards, as a start
 * does, and does what it can. What it could not do is found by looking again, so that nothing is called mended that is not. */

#include "repair-parts.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>

#include "forwarding.h"
#include "log.h"
#include "machine-link.h"
#include "network-lock.h"
#include "rates.h"
#include "strv.h"
#include "zone-info.h"
#include "zone-service.h"

void network_state_clear(NetworkState *s) {
        free(s->zones);
        free(s->faults);
        door_list_clear(&s->doors);
        *s = (NetworkState){};
}

/* Where nothing is up, the lock's directory is not left behind. */
static void survey_end(Survey *s) {
        if (s->lock >= 0 && s->n_zones == 0 && s->n_endpoints == 0)
                network_lock_remove();
        survey_close(s);
}

/* ---- looking ---- */

NetworkFault *fault_add(NetworkState *s, const char *zone, const char *machine, const char *fmt, ...) {
        NetworkFault *f = realloc(s->faults, (s->n_faults + 1) * sizeof(NetworkFault));
        va_list ap;

        if (!f)
                return NULL;
        s->faults = f;
        f += s->n_faults++;
        *f = (NetworkFault){};
        snprintf(f->zone, sizeof(f->zone), "%s", zone);
        snprintf(f->machine, sizeof(f->machine), "%s", machine);
        va_start(ap, fmt);
        (void) vsnprintf(f->text, sizeof(f->text), fmt, ap);
        va_end(ap);
        return f;
}

/* What the host has got since the range was chosen. */
static int look_at_range(const NetworkZone *z, NetworkState *ret) {
        char clash[ZONE_CLASH_MAX];
        NetworkFault *f;

        if (zone_clash(z->name, clash, NULL) <= 0)
                return 0;
        f = fault_add(ret, z->name, "", "its range meets %s", clash);
        if (!f)
                return -ENOMEM;
        f->is_clash = true;
        snprintf(f->remedy, sizeof(f->remedy), "`nbox zone move %s`, when its machines are off, gives it another", z->name);
        return 0;
}

static int look_at_zones(const Survey *s, NetworkState *ret) {
        ret->zones = calloc(s->n_zones + 1, sizeof(NetworkZone));
        if (!ret->zones)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_zones; i++) {
                const SurveyZone *z = s->zones + i;
                NetworkZone *to = ret->zones + ret->n_zones++;

                *to = (NetworkZone){ .range = z->zone.range, .range6 = z->zone.range6, .isolated = z->zone.isolated, .closed = z->zone.closed,
                                     .up = z->zone.index > 0, .n_machines = z->n_machines };
                snprintf(to->name, sizeof(to->name), "%s", z->zone.name);
                snprintf(to->bridge, sizeof(to->bridge), "%s", z->zone.bridge);
                if (!to->up && !fault_add(ret, to->name, "", "the bridge %s is gone", to->bridge))
                        return -ENOMEM;
                if (look_at_range(to, ret) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* An interface of a namespace that lives cannot be made anew: the machine would have two moments of which the second knows no
 * address. Its next start makes it. */
static int look_at_nics(const Survey *s, const Endpoint *e, NetworkState *ret) {
        for (size_t i = 0; i < e->n_nics; i++) {
                const SurveyZone *z = survey_zone(s, e->nics[i].zone);
                const LinkInfo *link = survey_nic(s, e, i);
                NetworkFault *f;

                if (!link) {
                        f = fault_add(ret, e->nics[i].zone, e->machine, "its link to the zone '%s' is gone", e->nics[i].zone);
                        if (!f)
                                return -ENOMEM;
                        snprintf(f->remedy, sizeof(f->remedy), "run `nbox reboot %s`", e->machine);
                } else if (z->zone.index > 0 && link->master != z->zone.index &&
                           !fault_add(ret, e->nics[i].zone, e->machine, "its link %s is no port of %s", link->name, z->zone.bridge))
                        return -ENOMEM;
                if (link && !rates_stand(s->nl, e, link->name) &&
                    !fault_add(ret, e->nics[i].zone, e->machine, "the limit of its rate is gone from %s", link->name))
                        return -ENOMEM;
        }
        return 0;
}

static bool has_address(const SurveyZone *z, const RouteInfo *routes, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (routes[i].address && routes[i].index == z->zone.index &&
                    range_contains(z->zone.range, routes[i].destination.v4))
                        return true;
        return false;
}

/* Whether somebody reaches for it by the host's 127.0.0.1. */
static bool needs_loopback(const Survey *s, const SurveyZone *z) {
        for (size_t i = 0; i < s->n_endpoints; i++) {
                const Endpoint *e = s->endpoints[i];

                if (e->n_nics > 0 && strcmp(e->nics[0].zone, z->zone.name) == 0 && (e->ports.n > 0 || e->host_ports.n > 0))
                        return true;
        }
        return false;
}

static int look_at_switches(const Survey *s, NetworkState *ret, Error **reterr) {
        _cleanup_free_ RouteInfo *routes = NULL;
        size_t n = 0;
        int r;

        r = route_list(s->nl, AF_INET, &routes, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the addresses of the host");
        if (s->n_zones > 0 && !forwarding_is_on() &&
            !fault_add(ret, "", "", "forwarding of IPv4 packets is off (net.ipv4.ip_forward)"))
                return error_oom(reterr);
        for (size_t i = 0; i < s->n_zones; i++) {
                const SurveyZone *z = s->zones + i;

                if (z->zone.index == 0)
                        continue;
                if (!has_address(z, routes, n) && !fault_add(ret, z->zone.name, "", "%s has lost its address", z->zone.bridge))
                        return error_oom(reterr);
                if (needs_loopback(s, z) && !forwarding_lets_loopback(z->zone.bridge) &&
                    !fault_add(ret, z->zone.name, "", "published ports do not answer on 127.0.0.1 (route_localnet of %s is off)",
                               z->zone.bridge))
                        return error_oom(reterr);
        }
        return 0;
}

static int look_at_rules(const Passage *wanted, NetworkState *ret, Error **reterr) {
        _cleanup_strv_ char **missing = NULL;
        int r;

        if (wanted->set.n_zones == 0)
                return 0;
        r = firewall_check(&wanted->set, &missing, reterr);
        for (char **m = missing; r >= 0 && m && *m; m++)
                if (!fault_add(ret, "", "", "rules are missing: %s", *m))
                        return error_oom(reterr);
        if (r >= 0)
                r = doors_check(wanted->doors, wanted->set.n_zones, &ret->doors, reterr);
        for (size_t i = 0; r >= 0 && i < ret->doors.n; i++) {
                const Door *d = ret->doors.items + i;
                NetworkFault *f;

                if (d->state == DOOR_OPEN)
                        continue;
                f = fault_add(ret, d->zone, "", "the %s may drop what is forwarded for it", d->where);
                if (!f)
                        return error_oom(reterr);
                if (d->state == DOOR_LOCKED)
                        snprintf(f->remedy, sizeof(f->remedy), "%s", d->why);
        }
        return r;
}

static int look(const Survey *s, NetworkState *ret, Error **reterr) {
        _cleanup_(passage_done) Passage wanted = {};
        int r;

        firewall_describe(ret->firewall);
        r = look_at_zones(s, ret);
        for (size_t i = 0; r >= 0 && i < s->n_endpoints; i++)
                r = look_at_nics(s, s->endpoints[i], ret);
        if (r < 0)
                return error_oom(reterr);
        r = look_at_switches(s, ret, reterr);
        if (r >= 0)
                r = look_at_ipv6(s, ret, reterr);
        if (r >= 0 && survey_passage(s, &wanted) < 0)
                r = error_oom(reterr);
        return r < 0 ? r : look_at_rules(&wanted, ret, reterr);
}

int network_inspect(NetworkState *ret, Error **reterr) {
        _cleanup_(network_state_clear) NetworkState state = {};
        _cleanup_(survey_end) Survey s = { .lock = -1 };
        int r;

        r = survey_open(&s, reterr);
        if (r >= 0)
                r = look(&s, &state, reterr);
        if (r < 0)
                return r;
        *ret = state;
        state = (NetworkState){};
        return 0;
}

/* ---- mending ---- */

void mend_warn(const char *what, int r, const Error *e) {
        if (r < 0)
                log_warning("Cannot mend %s: %s, ignoring", what, e ? e->message : strerror(-r));
}

static int mend_bridge(Survey *s, SurveyZone *z, Error **reterr) {
        bool changed = false;
        Zone zone;
        int r;

        r = zone_up(s->nl, z->state, &zone, &changed, reterr);
        if (r >= 0 && changed)
                r = zone_state_save(z->state, reterr);
        if (r >= 0)
                z->zone = zone;
        return r;
}

/* The zone's own service goes on in its namespace; only its port may have fallen off. */
static void mend_service(Survey *s, const SurveyZone *z) {
        char name[IF_NAMESIZE];
        const LinkInfo *link;

        zone_service_link_name(z->zone.name, name);
        link = survey_link(s, name);
        if (!link || link->master == z->zone.index)
                return;
        link_put_master(s->nl, link->index, z->zone.index);
        link_put_up(s->nl, link->index);
        mend_warn(name, netlink_run(s->nl, NULL, NULL, NULL), NULL);
}

/* A new bridge knows its address; one whose address somebody took gets it back, which is no error where it is there. */
static void mend_zone(Survey *s, SurveyZone *z) {
        _cleanup_(error_freep) Error *error = NULL;
        IpAddress gateway;
        int r = 0;

        if (z->zone.index == 0 && z->n_machines > 0)
                r = mend_bridge(s, z, &error);
        mend_warn(z->zone.bridge, r, error);
        if (r < 0 || z->zone.index == 0)
                return;
        gateway = ip_v4(range_gateway(z->zone.range));
        link_put_up(s->nl, z->zone.index);
        link_put_address(s->nl, z->zone.index, &gateway, z->zone.range.prefix);
        r = netlink_run(s->nl, NULL, NULL, NULL);
        mend_warn("the address of the bridge", r == -EEXIST ? 0 : r, NULL);
        if (needs_loopback(s, z))
                forwarding_let_loopback(z->zone.bridge);
        mend_service(s, z);
}

/* Who keeps the machines of an isolated zone apart may have changed (bridge-isolation.h); mend_rules() has been there before. */
static void mend_nics(Survey *s, const Endpoint *e) {
        for (size_t i = 0; i < e->n_nics; i++) {
                const SurveyZone *z = survey_zone(s, e->nics[i].zone);
                const LinkInfo *link = survey_nic(s, e, i);

                if (!link || z->zone.index == 0 || (link->master == z->zone.index && !z->zone.isolated))
                        continue;
                if (link->master != z->zone.index)
                        link_put_master(s->nl, link->index, z->zone.index);
                link_put_port_flags(s->nl, link->index, i == 0 && e->ports.n > 0, z->zone.isolates_ports);
                link_put_up(s->nl, link->index);
                mend_warn(link->name, netlink_run(s->nl, NULL, NULL, NULL), NULL);
        }
}

static void mend_rates(Survey *s, const Endpoint *e) {
        for (size_t i = 0; i < e->n_nics; i++) {
                const LinkInfo *link = survey_nic(s, e, i);
                _cleanup_(error_freep) Error *error = NULL;
                int r;

                if (!link || rates_stand(s->nl, e, link->name))
                        continue;
                r = rates_apply(s->nl, e, link->name, link->index, &error);
                mend_warn(link->name, r, error);
        }
}

/* The guard against the bridge's 127.0.0.0/8 (in the rules) stands before such addresses are routed there (by mend_zone()). */
static int mend_rules(const Survey *s, Error **reterr) {
        _cleanup_(passage_done) Passage passage = {};
        int r;

        if (survey_passage(s, &passage) < 0)
                return error_oom(reterr);
        if (passage.set.n_zones == 0)
                return 0;
        r = firewall_change(reterr);
        return r < 0 ? r : passage_open(&passage, s->lock, &(FirewallOracle){}, reterr);
}

static int mend(Error **reterr) {
        _cleanup_(survey_end) Survey s = { .lock = -1 };
        int r;

        r = survey_open(&s, reterr);
        if (r >= 0)
                r = mend_rules(&s, reterr);
        for (size_t i = 0; r >= 0 && i < s.n_zones; i++)
                mend_zone(&s, s.zones + i);
        if (r >= 0)
                mend_ipv6(&s);
        for (size_t i = 0; r >= 0 && i < s.n_endpoints; i++) {
                mend_nics(&s, s.endpoints[i]);
                mend_rates(&s, s.endpoints[i]);
        }
        return r;
}

int network_repair(NetworkState *ret, Error **reterr) {
        int r = mend(reterr);

        return r < 0 ? r : network_inspect(ret, reterr);
}
