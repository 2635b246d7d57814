/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "libsystemd.h"
#include "log.h"
#include "registration.h"
#include "resolved.h"
#include "unit.h"
#include "verb-list.h"
#include "zone-name.h"
#include "zone-serve.h"

/* The host asks the zone's service for the zone's names where it has a systemd-resolved to tell so. */
static void tell_resolved(const ZoneServing *serving) {
        _cleanup_(error_freep) Error *error = NULL;
        struct in_addr address = { htonl(serving->address) };
        sd_bus *bus = NULL;
        int r = host_bus_open(&bus, &error);

        if (r > 0)
                r = resolved_route_domain(bus, serving->bridge, address, serving->zone, &error);
        if (r < 0)
                log_warning("%s: the host does not resolve names below '%s', ignoring", error ? error->message : strerror(-r), serving->zone);
        sd_bus_flush_close_unref(bus);
}

static void on_ready(const ZoneServing *serving, _unused_ void *userdata) {
        tell_resolved(serving);
        (void) sd_notify(1, "READY=1");
}

static int kind_of_service(const char *zone, ZoneServiceKind *ret, Error **reterr) {
        _cleanup_free_ char *own = NULL, *expected = zone_service_name(zone);
        int r;

        if (!expected)
                return error_oom(reterr);
        r = own_unit(&own, reterr);
        *ret = own && strcmp(own, expected) == 0 ? ZONE_SERVICE_UNIT : ZONE_SERVICE_PROCESS;
        return r;
}

/* Called by nbox-zone@.service: becomes that service. */
int verb_zone_serve(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        ZoneServeRequest req = { .before_exec = on_ready };
        int r;

        r = verb_operands(&args, 1, 1, reterr);
        if (r >= 0) {
                req.zone = args.operands[0];
                r = zone_name_check(req.zone, reterr);
        }
        if (r >= 0)
                r = kind_of_service(req.zone, &req.kind, reterr);
        return r < 0 ? r : zone_serve(&req, reterr);
}
