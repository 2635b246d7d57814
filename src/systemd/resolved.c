/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolved.h"

#include <sys/socket.h>

#include "bus.h"

#define RESOLVED_SERVICE "org.freedesktop.resolve1"
#define CALL_USEC (5 * UINT64_C(1000000))

static int begin(sd_bus *bus, const char *method, int ifindex, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(bus, ret, RESOLVED_SERVICE, "/org/freedesktop/resolve1", RESOLVED_SERVICE ".Manager", method);

        if (r >= 0)
                r = sd_bus_message_set_auto_start(*ret, 0);
        return r < 0 ? r : sd_bus_message_append(*ret, "i", (int32_t) ifindex);
}

/* 1, or 0 where nobody is there to be called. */
static int call(sd_bus *bus, const char *method, sd_bus_message *m, int built, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        if (built < 0)
                return bus_unbuilt(reterr, built, method);
        r = sd_bus_call(bus, m, CALL_USEC, &e, NULL);
        if (sd_bus_error_has_names(&e, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return 0;
        return r < 0 ? bus_failed(reterr, r, &e, "systemd-resolved refused %s", method) : 1;
}

static int set_server(sd_bus *bus, int ifindex, struct in_addr server, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = begin(bus, "SetLinkDNS", ifindex, &m);

        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(iay)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "iay");
        if (r >= 0)
                r = sd_bus_message_append(m, "i", (int32_t) AF_INET);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', &server, sizeof(server));
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return call(bus, "SetLinkDNS", m, r, reterr);
}

/* Without the flag it would be a search domain, too: then each short name that anybody on the host looks up would come by here. */
static int set_domain(sd_bus *bus, int ifindex, const char *domain, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = begin(bus, "SetLinkDomains", ifindex, &m);

        if (r >= 0)
                r = sd_bus_message_append(m, "a(sb)", 1, domain, 1);
        return call(bus, "SetLinkDomains", m, r, reterr);
}

static int set_word(sd_bus *bus, const char *method, int ifindex, const char *word, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = begin(bus, method, ifindex, &m);

        if (r >= 0)
                r = sd_bus_message_append(m, "s", word);
        return call(bus, method, m, r, reterr);
}

static int set_default_route(sd_bus *bus, int ifindex, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = begin(bus, "SetLinkDefaultRoute", ifindex, &m);

        if (r >= 0)
                r = sd_bus_message_append(m, "b", 0);
        return call(bus, "SetLinkDefaultRoute", m, r, reterr);
}

int resolved_route_domain(sd_bus *bus, int ifindex, struct in_addr server, const char *domain, Error **reterr) {
        static const char *const off[] = { "SetLinkLLMNR", "SetLinkMulticastDNS", "SetLinkDNSSEC", "SetLinkDNSOverTLS" };
        int r = set_default_route(bus, ifindex, reterr);

        for (size_t i = 0; r > 0 && i < ELEMENTSOF(off); i++)
                r = set_word(bus, off[i], ifindex, "no", reterr);
        if (r > 0)
                r = set_domain(bus, ifindex, domain, reterr);
        return r > 0 ? set_server(bus, ifindex, server, reterr) : r;
}
