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

        machine_link_name(e->machine, e->nics[i].number, name);
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
                if (r >= 0 && !counted)
                        z->n_machines++;
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

int survey_passage(const Survey *s, Passage *ret) {
        if (passage_new(ret, s->n_zones, s->n_endpoints) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_zones; i++)
                passage_add_zone(ret, &s->zones[i].zone);
        for (size_t i = 0; i < s->n_endpoints; i++) {
                const Endpoint *e = s->endpoints[i];

                if (e->n_nics > 0) /* survey_open() has seen to it that the zone is there */
                        passage_add_machine(ret, e, &survey_zone(s, e->nics[0].zone)->zone);
        }
        return 0;
}
