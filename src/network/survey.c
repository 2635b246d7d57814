/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey.h"

#include <string.h>

#include "machine-link.h"
#include "network-lock.h"

void survey_close(Survey *s) {
        for (size_t i = 0; i < s->n_zones; i++)
                zone_state_free(s->zones[i].state);
        free(s->zones);
        free(s->links);
        endpoint_list_free(s->endpoints, s->n_endpoints);
        netlink_free(s->nl);
        s->lock = close_fd(s->lock);
}

SurveyZone *survey_zone(const Survey *s, const char *zone) {
        for (size_t i = 0; i < s->n_zones; i++)
                if (strcmp(s->zones[i].zone.name, zone) == 0)
                        return s->zones + i;
        return NULL;
}

const LinkInfo *survey_link(const Survey *s, const char *name) {
        for (size_t i = 0; i < s->n_links; i++)
                if (strcmp(s->links[i].name, name) == 0)
                        return s->links + i;
        return NULL;
}

const LinkInfo *survey_nic(const Survey *s, const Endpoint *e, size_t i) {
        char name[IF_NAMESIZE];

        machine_link_name(e->machine, (unsigned) i, name);
        return survey_link(s, name);
}

static void read_bridge(const Survey *s, SurveyZone *z) {
        const LinkInfo *link = survey_link(s, z->zone.bridge);
        char name[ZONE_NAME_MAX + 1];

        if (!link || !zone_of_bridge(link, name))
                return;
        z->zone.index = link->index;
        memcpy(z->zone.mac, link->mac, sizeof(z->zone.mac));
}

static int add_zone(Survey *s, const char *name, SurveyZone **ret, Error **reterr) {
        SurveyZone *z = survey_zone(s, name);
        int r;

        if (!z) {
                z = realloc(s->zones, (s->n_zones + 1) * sizeof(SurveyZone));
                if (!z)
                        return error_oom(reterr);
                s->zones = z;
                z += s->n_zones;
                *z = (SurveyZone){};
                r = zone_state_load(name, &z->state, reterr);
                if (r < 0)
                        return r;
                s->n_zones++;
                snprintf(z->zone.name, sizeof(z->zone.name), "%s", name);
                zone_bridge_name(name, z->zone.bridge);
                zone_from_state(&z->zone, z->state);
                read_bridge(s, z);
        }
        *ret = z;
        return 0;
}

static int add_endpoint(Survey *s, const Endpoint *e, Error **reterr) {
        SurveyZone *z;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < e->n_nics; i++) {
                bool counted = false;

                r = add_zone(s, e->nics[i].zone, &z, reterr);
                for (size_t j = 0; j < i; j++)
                        counted |= strcmp(e->nics[j].zone, e->nics[i].zone) == 0;
                if (r < 0 || counted)
                        continue;
                z->n_machines++;
                z->host_ports |= i == 0 && e->host_ports.n > 0;
        }
        return r;
}

int survey_open(Survey *s, Error **reterr) {
        char name[ZONE_NAME_MAX + 1];
        SurveyZone *z;
        int r;

        s->lock = network_lock(reterr);
        if (s->lock < 0)
                return s->lock;
        r = netlink_new(NETLINK_ROUTE, -1, &s->nl);
        if (r >= 0)
                r = link_list(s->nl, 0, &s->links, &s->n_links);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the links of the host");
        r = endpoint_list(&s->endpoints, &s->n_endpoints, reterr);
        for (size_t i = 0; r >= 0 && i < s->n_links; i++)
                if (zone_of_bridge(s->links + i, name))
                        r = add_zone(s, name, &z, reterr);
        for (size_t i = 0; r >= 0 && i < s->n_endpoints; i++)
                r = add_endpoint(s, s->endpoints[i], reterr);
        return r;
}

/* ---- rules ---- */

void survey_rules_clear(SurveyRules *r) {
        free(r->zones);
        free(r->machines);
        free(r->doors);
}

static void add_machine(const Survey *s, const Endpoint *e, SurveyRules *rules) {
        const SurveyZone *z = survey_zone(s, e->nics[0].zone);

        if (!z)
                return; /* never: survey_open() added it */
        rules->machines[rules->set.n_machines++] = (FirewallMachine){
                .name = e->machine, .bridge = z->zone.bridge, .address = e->nics[0].address, .gateway = range_gateway(z->zone.range),
                .ports = &e->ports, .host_ports = &e->host_ports,
        };
}

int survey_rules(const Survey *s, SurveyRules *ret, Error **reterr) {
        SurveyRules rules = {
                .zones = calloc(s->n_zones + 1, sizeof(FirewallZone)),
                .machines = calloc(s->n_endpoints + 1, sizeof(FirewallMachine)),
                .doors = calloc(s->n_zones + 1, sizeof(DoorZone)),
        };

        if (!rules.zones || !rules.machines || !rules.doors) {
                survey_rules_clear(&rules);
                return error_oom(reterr);
        }
        for (size_t i = 0; i < s->n_zones; i++) {
                const SurveyZone *z = s->zones + i;

                rules.doors[i] = (DoorZone){ z->zone.name, z->zone.bridge, z->host_ports };
                rules.zones[i] = zone_for_firewall(&z->zone);
        }
        for (size_t i = 0; i < s->n_endpoints; i++)
                if (s->endpoints[i]->n_nics > 0)
                        add_machine(s, s->endpoints[i], &rules);
        rules.set.zones = rules.zones;
        rules.set.n_zones = s->n_zones;
        rules.set.machines = rules.machines;
        *ret = rules;
        return 0;
}
