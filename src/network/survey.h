/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "endpoint.h"
#include "link.h"
#include "passage.h"
#include "repair.h"
#include "zone.h"

/* Endpoints, zones and links as they are found at one moment, under the lock: what repair.c compares and mends. */

typedef struct SurveyZone {
        ZoneState *state;
        Zone zone;        /* index 0 while there is no bridge; name and bridge always set */
        size_t n_machines;
} SurveyZone;

typedef struct Survey {
        int lock;
        Netlink *nl;
        Endpoint **endpoints; /* those between two lives too: n_nics 0 */
        size_t n_endpoints;
        LinkInfo *links;
        size_t n_links;
        SurveyZone *zones;
        size_t n_zones;
} Survey;

void survey_close(Survey *s);
int survey_open(Survey *s, Error **reterr); /* s: zeroed but for lock = -1 */

SurveyZone *survey_zone(const Survey *s, const char *zone);            /* NULL: not there */
const LinkInfo *survey_link(const Survey *s, const char *name);
const LinkInfo *survey_nic(const Survey *s, const Endpoint *e, size_t i); /* our end of a machine's i-th interface, or NULL */

/* What all of it needs to get through; the passage points into the survey. 0 or -ENOMEM. */
int survey_passage(const Survey *s, Passage *ret);
