/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "zone-service.h"

/* Becoming a zone's service. */

typedef struct ZoneServing {
        const char *zone;
        int bridge;       /* its ifindex */
        uint32_t address; /* of the service, host byte order */
} ZoneServing;

typedef struct ZoneServeRequest {
        const char *zone;
        ZoneServiceKind kind;
        void (*before_exec)(const ZoneServing *serving, void *userdata); /* all is set up, the network lock is not held; may be NULL */
        void *userdata;
} ZoneServeRequest;

/* Have the zone's bridge, with its rules where it was not there; take a network namespace with a link into it; and execute dnsmasq there. Returns
 * only on failure. -ENOENT: none is installed. -EALREADY: the zone has its service. -ECANCELED: of ZONE_SERVICE_PROCESS, the
 * zone has no machines any more. */
int zone_serve(const ZoneServeRequest *req, Error **reterr);
