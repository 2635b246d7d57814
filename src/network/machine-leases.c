/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-leases.h"

#include <string.h>

#include "address.h"
#include "lease.h"
#include "network-lock.h"
#include "strv.h"

static void drop(ZoneState *s, const char *machine) {
        size_t kept = 0;

        for (size_t i = 0; i < s->n_leases; i++)
                if (strcmp(s->leases[i].machine, machine) != 0)
                        s->leases[kept++] = s->leases[i];
        s->n_leases = kept;
}

static bool has_any(const ZoneState *s, const char *machine) {
        for (size_t i = 0; i < s->n_leases; i++)
                if (strcmp(s->leases[i].machine, machine) == 0)
                        return true;
        return false;
}

/* `to` NULL: forget them. Whether anything has changed. */
static bool give(ZoneState *s, const char *from, const char *to) {
        if (!has_any(s, from))
                return false;
        drop(s, to ?: from);
        for (size_t i = 0; to && i < s->n_leases; i++)
                if (strcmp(s->leases[i].machine, from) == 0)
                        snprintf(s->leases[i].machine, sizeof(s->leases[i].machine), "%s", to);
        return true;
}

static int change_zone(const char *zone, const char *from, const char *to, Error **reterr) {
        _cleanup_(zone_state_freep) ZoneState *s = NULL;
        int r;

        r = zone_state_load(zone, &s, reterr);
        if (r <= 0)
                return r;
        return give(s, from, to) ? zone_state_save(s, reterr) : 0;
}

static int change_all(const char *from, const char *to, Error **reterr) {
        _cleanup_strv_ char **zones = NULL;
        _cleanup_close_ int lock = -1;
        int r;

        r = zone_state_list(&zones, reterr);
        if (r < 0 || !zones)
                return r;
        lock = network_lock(reterr);
        if (lock < 0)
                return lock;
        for (char **zone = zones; *zone; zone++) { /* one that cannot be read does not keep the others from it */
                int k = change_zone(*zone, from, to, r < 0 ? NULL : reterr);

                r = r < 0 ? r : k;
        }
        network_lock_remove();
        return r;
}

int machine_leases_rename(const char *from, const char *to, Error **reterr) {
        return strcmp(from, to) == 0 ? 0 : change_all(from, to, reterr);
}

int machine_leases_forget(const char *machine, Error **reterr) {
        return change_all(machine, NULL, reterr);
}

static int list_zone(const char *zone, const char *machine, char ***list, Error **reterr) {
        _cleanup_(zone_state_freep) ZoneState *s = NULL;
        int r;

        r = zone_state_load(zone, &s, reterr);
        for (size_t i = 0; r > 0 && i < s->n_leases; i++) {
                char address[ADDRESS_TEXT_MAX];

                if (strcmp(s->leases[i].machine, machine) == 0 &&
                    strv_appendf(list, "%s:%s", zone, address_format(s->leases[i].address, address)) < 0)
                        return error_oom(reterr);
        }
        return r < 0 ? r : 0;
}

int machine_leases_list(const char *machine, char ***ret, Error **reterr) {
        _cleanup_strv_ char **zones = NULL, **list = NULL;
        int r;

        r = zone_state_list(&zones, reterr);
        for (char **zone = zones; r >= 0 && zone && *zone; zone++)
                r = list_zone(*zone, machine, &list, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(list);
        return r;
}
