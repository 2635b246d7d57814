/* SPDX-License-Identifier: GPL-2.0-or-later */

/* firewalld owns its table and writes it anew whenever it reloads: what is to pass is said to firewalld itself, over D-Bus. The
 * bridge becomes an interface of firewalld's zone "nbox", which our package brings (rules/firewalld-nbox.xml): what machines send
 * is forwarded, the host's own services stay closed to them. An interface that the administrator put into another zone stays
 * there. The bus is only asked where firewalld's table stands or is about to; a firewalld that fills other people's tables (its backend
 * iptables) is met there (doors-nft.c, doors-legacy.c).
 *
 * "trusted", the zone that accepts everything and that each firewalld has, would open the host to its machines: it is never
 * used in the place of ours. */

#include "doorkeeper.h"

#include <string.h>
#include <sys/stat.h>

#include "bus.h"
#include "zone-name.h"

#define TABLE "firewalld"
#define SERVICE "org.fedoraproject.FirewallD1"
#define PATH "/org/fedoraproject/FirewallD1"
#define INTERFACE "org.fedoraproject.FirewallD1.zone"
#define ZONE "nbox"
#define TIMEOUT_USEC (20 * 1000000ULL) /* it is slow to answer while it loads */

bool is_of_firewalld(const NftChain *chain) {
        return strcmp(chain->table, TABLE) == 0;
}

static bool has_table(const DoorView *view) {
        for (size_t i = 0; i < view->n_chains; i++)
                if (is_of_firewalld(view->chains + i))
                        return true;
        return false;
}

/* While it starts, systemd has it for active (it has its name on the bus) a second before its table stands; asked then, it answers
 * once it does. What systemd keeps of a unit that is active is a link of that name. */
static bool is_starting(void) {
        struct stat st;

        return lstat("/run/systemd/units/invocation:firewalld.service", &st) >= 0;
}

static bool firewalld_is_there(const DoorView *view) {
        return has_table(view) || is_starting();
}

/* One method with one or two strings. It is not started by asking. */
static int call(sd_bus *bus, const char *method, const char *a, const char *b, sd_bus_message **ret, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SERVICE, PATH, INTERFACE, method);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", a);
        if (r >= 0 && b)
                r = sd_bus_message_append(m, "s", b);
        if (r < 0)
                return bus_unbuilt(reterr, r, method);
        r = sd_bus_call(bus, m, TIMEOUT_USEC, &error, ret);
        return r < 0 ? bus_failed(reterr, r, &error, "firewalld") : 0;
}

static int zone_of_interface(sd_bus *bus, const char *bridge, char ret[64], Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        const char *zone;
        int r;

        r = call(bus, "getZoneOfInterface", bridge, NULL, &m, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(m, "s", &zone);
        if (r < 0)
                return error_errno(reterr, r, "Cannot understand firewalld");
        snprintf(ret, 64, "%s", zone);
        return 0;
}

static void say_why(Door *door, const Error *error) {
        door->state = DOOR_LOCKED;
        if (strstr(error->message, "INVALID_ZONE"))
                snprintf(door->why, sizeof(door->why), "it does not know the zone '" ZONE "' that nbox brings; run `firewall-cmd "
                         "--reload`, then `nbox network repair`");
        else
                snprintf(door->why, sizeof(door->why), "%s", error->message);
}

/* Without `open`, whether it could be: the zone is asked for what it has. */
static void try_door(sd_bus *bus, const char *bridge, bool open, Door *door) {
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (open)
                r = call(bus, "addInterface", ZONE, bridge, &m, &error);
        else
                r = call(bus, "getInterfaces", ZONE, NULL, &m, &error);
        if (r < 0)
                say_why(door, error);
        else if (open)
                door->state = DOOR_OPEN;
}

static int look_at_zone(sd_bus *bus, const DoorZone *zone, bool open, Door *door, Error **reterr) {
        char of[64];
        int r;

        snprintf(door->where, sizeof(door->where), "ruleset of firewalld");
        r = zone_of_interface(bus, zone->bridge, of, reterr);
        if (r < 0)
                return r;
        if (strcmp(of, ZONE) == 0)
                door->state = DOOR_OPEN;
        else if (of[0]) {
                door->state = DOOR_OPEN;
                snprintf(door->where, sizeof(door->where), "ruleset of firewalld, where %s is in the zone '%s' by somebody's will",
                         zone->bridge, of);
        } else
                try_door(bus, zone->bridge, open, door);
        return 0;
}

static int bus_open(sd_bus **ret, Error **reterr) {
        int r = sd_bus_open_system_with_description(ret, "nbox");

        return r < 0 ? error_errno(reterr, r, "Cannot reach the system bus to ask firewalld") : 0;
}

/* That it does not answer is said of the door: it is no reason not to look at others. */
static int look(const DoorView *view, const DoorRequest *req, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        if (!firewalld_is_there(view))
                return 0;
        r = bus_open(&bus, &error);
        for (size_t i = 0; i < req->n; i++) {
                Door *door = door_list_add(req->to, req->zones[i].name, DOOR_SHUT);

                if (!door)
                        return error_oom(reterr);
                if (r >= 0)
                        r = look_at_zone(bus, req->zones + i, req->open, door, &error);
                if (r >= 0)
                        continue;
                if (!has_table(view)) { /* nor does it come */
                        req->to->n--;
                        return 0;
                }
                door->state = DOOR_LOCKED;
                snprintf(door->where, sizeof(door->where), "ruleset of firewalld");
                snprintf(door->why, sizeof(door->why), "%s; its table stands, so it should run: `systemctl restart firewalld`",
                         error->message);
        }
        return 0;
}

/* ---- away with it ---- */

static int close_one(sd_bus *bus, const char *bridge, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        r = call(bus, "removeInterface", ZONE, bridge, &m, &error);
        if (r >= 0 || strstr(error->message, "UNKNOWN_INTERFACE"))
                return 0;
        return error_pass(reterr, r, &error);
}

static int close_doors(const DoorView *view, const DoorsGone *gone, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        char zone[ZONE_NAME_MAX + 1];
        const char *bridge;
        int r, result = 0;

        if (!firewalld_is_there(view))
                return 0;
        r = bus_open(&bus, reterr);
        if (r < 0)
                return r;
        r = call(bus, "getInterfaces", ZONE, NULL, &m, &error);
        if (r < 0) /* no such zone, or nobody who answers: then there is nothing of ours */
                return 0;
        r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(m, "s", &bridge)) > 0) {
                if (!zone_name_of_bridge(bridge, zone) || !door_zone_is_gone(zone, gone))
                        continue;
                r = close_one(bus, bridge, result < 0 ? NULL : reterr);
                if (r < 0 && result >= 0)
                        result = r;
                r = 0; /* the others may go */
        }
        if (r < 0 && result >= 0)
                result = error_errno(reterr, r, "Cannot understand firewalld");
        return result;
}

const Doorkeeper doors_firewalld = { look, close_doors };
