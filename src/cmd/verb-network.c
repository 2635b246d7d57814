/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The host's side of machines' networks: whether all stands that should, and putting it right. */

#include <string.h>

#include "clock.h"
#include "gc.h"
#include "log.h"
#include "network-faults.h"
#include "status.h"
#include "table.h"
#include "verb-list.h"
#include "zone-service.h"

#define MEND_TRIES 5
#define MEND_PAUSE_USEC (100 * 1000)

static const char *door_word(DoorState state) {
        return state == DOOR_OPEN ? "open" : state == DOOR_SHUT ? "shut" : "locked";
}

static void print_zones(const NetworkState *s) {
        char range[RANGE_TEXT_MAX], range6[RANGE6_TEXT_MAX];

        for (size_t i = 0; i < s->n_zones; i++) {
                const NetworkZone *z = s->zones + i;

                range_format(z->range, range);
                range6_format(&z->range6, range6);
                show_line(i == 0 ? "Zones" : "", "%s: %s%s%s on %s, %zu machine%s%s%s%s%s", z->name, range, *range6 ? " and " : "",
                          range6, z->bridge, z->n_machines,
                          z->n_machines == 1 ? "" : "s", z->isolated ? ", isolated" : "", z->closed ? ", closed" : "",
                          z->up ? "" : ", down", zone_service_look(z->name, NULL) ? "" : ", no name service");
        }
        if (s->n_zones == 0)
                show_line("Zones", "none is up");
}

static void print_doors(const NetworkState *s) {
        for (size_t i = 0; i < s->doors.n; i++) {
                const Door *d = s->doors.items + i;

                show_line(i == 0 ? "Filters" : "", "%s: %s for the zone %s", d->where, door_word(d->state), d->zone);
        }
        if (s->doors.n == 0)
                show_line("Filters", "nobody else's");
}

/* Whose a fault is, for the begin of its line: "machine web: ", "zone default: ", or nothing. */
static void fault_owner(const NetworkFault *f, char *buf, size_t size) {
        if (f->machine[0])
                snprintf(buf, size, "machine %s: ", f->machine);
        else if (f->zone[0])
                snprintf(buf, size, "zone %s: ", f->zone);
        else
                snprintf(buf, size, "%s", "");
}

static void print_faults(const NetworkState *s) {
        char owner[96];
        bool mendable = false;

        for (size_t i = 0; i < s->n_faults; i++) {
                const NetworkFault *f = s->faults + i;

                fault_owner(f, owner, sizeof(owner));
                show_line(i == 0 ? "Wrong" : "", "%s%s%s%s", owner, f->text, f->remedy[0] ? "; " : "", f->remedy);
                mendable |= !f->remedy[0];
        }
        if (s->n_faults == 0)
                show_line("Wrong", "nothing");
        if (mendable)
                show_line("", "Run `nbox network repair`.");
}

static json_t *zones_to_json(const NetworkState *s) {
        json_t *all = json_array();
        char range[RANGE_TEXT_MAX], range6[RANGE6_TEXT_MAX];

        for (size_t i = 0; i < s->n_zones; i++) {
                const NetworkZone *z = s->zones + i;

                range_format(z->range, range);
                range6_format(&z->range6, range6);
                json_array_append_new(all, json_pack("{s:o, s:s, s:s, s:o, s:b, s:b, s:b, s:I}", "zone", json_text(z->name), "bridge", z->bridge,
                                                     "range", range, "range6", json_text(*range6 ? range6 : NULL), "isolated", (int) z->isolated, "closed", (int) z->closed, "up",
                                                     (int) z->up, "machines", (json_int_t) z->n_machines));
        }
        return all;
}

static int print_json(const NetworkState *s, Error **reterr) {
        json_t *doors = json_array(), *faults = json_array();

        for (size_t i = 0; i < s->doors.n; i++) {
                const Door *d = s->doors.items + i;

                json_array_append_new(doors, json_pack("{s:o, s:o, s:s}", "zone", json_text(d->zone), "where", json_text(d->where), "state",
                                                       door_word(d->state)));
        }
        for (size_t i = 0; i < s->n_faults; i++) {
                const NetworkFault *f = s->faults + i;

                json_array_append_new(faults, json_pack("{s:o, s:o, s:o, s:o}", "zone", json_text(f->zone[0] ? f->zone : NULL),
                                                        "machine", json_text(f->machine[0] ? f->machine : NULL), "text",
                                                        json_text(f->text), "remedy",
                                                        json_text(f->remedy[0] ? f->remedy : "nbox network repair")));
        }
        return json_print(json_pack("{s:o, s:o, s:o, s:o}", "firewall", json_text(s->firewall), "zones", zones_to_json(s), "filters", doors,
                                    "faults", faults), reterr);
}

/* What dead machines left is no fault of the network's. 0, or 1 where something is wrong. */
int verb_network_status(int argc, char **argv, Error **reterr) {
        _cleanup_(network_state_clear) NetworkState state = {};
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, 0, 0, reterr);
        if (r >= 0)
                r = gc_run(false, NULL, reterr);
        if (r >= 0)
                r = network_faults_find(&state, reterr);
        if (r < 0)
                return r;
        if (args.json)
                r = print_json(&state, reterr);
        else {
                show_line("Firewall", "%s", state.firewall);
                print_zones(&state);
                print_doors(&state);
                print_faults(&state);
        }
        return r < 0 ? r : state.n_faults > 0;
}

static bool is_among(const NetworkFault *f, const NetworkState *s) {
        for (size_t i = 0; i < s->n_faults; i++)
                if (strcmp(f->machine, s->faults[i].machine) == 0 && strcmp(f->zone, s->faults[i].zone) == 0 &&
                    strcmp(f->text, s->faults[i].text) == 0)
                        return true;
        return false;
}

static void say_mended(const NetworkState *before, const NetworkState *after) {
        char owner[96];

        for (size_t i = 0; i < before->n_faults; i++) {
                const NetworkFault *f = before->faults + i;

                fault_owner(f, owner, sizeof(owner));
                if (!is_among(f, after))
                        log_info("Mended: %s%s", owner, f->text);
        }
}

static void warn_about_faults(const NetworkState *s) {
        char owner[96];

        for (size_t i = 0; i < s->n_faults; i++) {
                const NetworkFault *f = s->faults + i;

                fault_owner(f, owner, sizeof(owner));
                log_warning("Not mended: %s%s%s%s", owner, f->text, f->remedy[0] ? "; " : "", f->remedy);
        }
}

/* What was not wrong before is wrong since: a machine that starts or ends just now is half there, and for a moment. */
static bool has_new_ones(const NetworkState *before, const NetworkState *after) {
        for (size_t i = 0; i < after->n_faults; i++)
                if (!is_among(after->faults + i, before))
                        return true;
        return false;
}

static int mend(const NetworkState *before, NetworkState *after, Error **reterr) {
        for (int tries = 0;; tries++) {
                int r = network_faults_mend(after, reterr);

                if (r < 0 || tries == MEND_TRIES || !has_new_ones(before, after))
                        return r;
                network_state_clear(after);
                clock_pause(MEND_PAUSE_USEC);
        }
}

int verb_network_repair(int argc, char **argv, Error **reterr) {
        _cleanup_(network_state_clear) NetworkState before = {}, after = {};
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, 0, 0, reterr);
        if (r >= 0) /* not all of it: what of a zone has lost its bridge is to be mended, not swept */
                r = gc_run(false, NULL, reterr);
        if (r >= 0)
                r = network_faults_find(&before, reterr);
        if (r >= 0 && before.n_faults > 0)
                r = mend(&before, &after, reterr);
        if (r < 0)
                return r;
        if (before.n_faults == 0)
                log_info("Nothing is missing");
        say_mended(&before, &after);
        warn_about_faults(&after);
        return after.n_faults > 0;
}
