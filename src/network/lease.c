/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease.h"

#include <string.h>

#include "address.h"
#include "text.h"

const Lease *lease_find(const ZoneState *s, const char *machine, unsigned nic) {
        for (size_t i = 0; i < s->n_leases; i++)
                if (s->leases[i].nic == nic && strcmp(s->leases[i].machine, machine) == 0)
                        return s->leases + i;
        return NULL;
}

static const Lease *find_address(const ZoneState *s, uint32_t address) {
        for (size_t i = 0; i < s->n_leases; i++)
                if (s->leases[i].address == address)
                        return s->leases + i;
        return NULL;
}

static bool is_listed(uint32_t address, const uint32_t *in_use, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (in_use[i] == address)
                        return true;
        return false;
}

static bool is_in_use(const LeaseRequest *req, uint32_t address) {
        return is_listed(address, req->in_use, req->n_in_use) || (req->is_used && req->is_used(address, req->userdata));
}

static bool is_free(const ZoneState *s, uint32_t address, const LeaseRequest *req) {
        return address != s->service && !find_address(s, address) && !is_in_use(req, address);
}

static void remove_lease(ZoneState *s, size_t i) {
        s->n_leases--;
        memmove(s->leases + i, s->leases + i + 1, (s->n_leases - i) * sizeof(*s->leases));
}

static bool give_up_oldest(ZoneState *s, const LeaseRequest *req, uint32_t *ret) {
        for (size_t i = 0; i < s->n_leases; i++)
                if (!is_in_use(req, s->leases[i].address)) {
                        *ret = s->leases[i].address;
                        remove_lease(s, i);
                        return true;
                }
        return false;
}

/* Add or change the interface's lease. */
static int set_lease(ZoneState *s, const LeaseRequest *req, uint32_t address) {
        Lease *own = (Lease *) lease_find(s, req->machine, req->nic), *p;
        uint32_t given_up;

        if (own) {
                own->address = address;
                return 0;
        }
        if (s->n_leases >= ZONE_LEASES_MAX && !give_up_oldest(s, req, &given_up))
                return -ENOSPC;
        p = reallocarray(s->leases, s->n_leases + 1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        s->leases = p;
        p += s->n_leases++;
        *p = (Lease){ .nic = req->nic, .address = address };
        snprintf(p->machine, sizeof(p->machine), "%s", req->machine);
        return 0;
}

static int refuse_taken(const ZoneState *s, const LeaseRequest *req, const char *owner, Error **reterr) {
        char wanted[ADDRESS_TEXT_MAX];

        error_set(reterr, EADDRINUSE, "The address %s of the zone '%s' is %s", address_format(req->wanted, wanted), s->name, owner);
        return error_hint(reterr, -EADDRINUSE, "`nbox zone show %s` lists what is taken.", s->name);
}

static int refuse_outside(const ZoneState *s, const LeaseRequest *req, Error **reterr) {
        char wanted[ADDRESS_TEXT_MAX], first[ADDRESS_TEXT_MAX], last[ADDRESS_TEXT_MAX], range[RANGE_TEXT_MAX];

        range_format(s->range, range);
        error_set(reterr, EINVAL, "The address %s is none of the zone '%s', whose range is %s", address_format(req->wanted, wanted),
                  s->name, range);
        return error_hint(reterr, -EINVAL, "Its machines may have %s to %s.", address_format(range_slot(s->range, 0), first),
                          address_format(range_slot(s->range, range_slots(s->range) - 1), last));
}

/* An address that was asked for. Whose lease it is matters although that machine is off: it would find it taken. */
static int check_wanted(const ZoneState *s, const LeaseRequest *req, Error **reterr) {
        uint32_t last = s->range.base | ~range_mask(s->range);
        const Lease *other = find_address(s, req->wanted);
        char owner[MACHINE_NAME_MAX + 32];

        if (!range_contains(s->range, req->wanted) || req->wanted == s->range.base || req->wanted == last)
                return refuse_outside(s, req, reterr);
        if (req->wanted == range_gateway(s->range))
                return refuse_taken(s, req, "the host's own", reterr);
        if (req->wanted == s->service)
                return refuse_taken(s, req, "that of its name service", reterr);
        if (other && (other->nic != req->nic || strcmp(other->machine, req->machine) != 0)) {
                snprintf(owner, sizeof(owner), "kept for the machine '%s'", other->machine);
                return refuse_taken(s, req, owner, reterr);
        }
        if (is_in_use(req, req->wanted))
                return refuse_taken(s, req, "in use by another machine", reterr);
        return 0;
}

static int choose_free(ZoneState *s, const LeaseRequest *req, uint32_t *ret, bool *ret_changed) {
        uint32_t slots = range_slots(s->range), first;
        char who[MACHINE_NAME_MAX + 16];

        snprintf(who, sizeof(who), req->nic > 1 ? "%s %u" : "%s", req->machine, req->nic);
        first = (uint32_t) (string_hash(who) % slots);
        for (uint32_t i = 0; i < slots; i++) {
                *ret = range_slot(s->range, (first + i) % slots);
                if (is_free(s, *ret, req))
                        return 0;
        }
        *ret_changed = give_up_oldest(s, req, ret);
        return *ret_changed ? 0 : -ENOSPC;
}

static int refuse_full(const ZoneState *s, Error **reterr) {
        error_set(reterr, ENOSPC, "All %u addresses of the zone '%s' are in use", range_slots(s->range), s->name);
        return error_hint(reterr, -ENOSPC, "Power off one of its machines, or start this one in another zone.");
}

int lease_choose(ZoneState *s, const LeaseRequest *req, uint32_t *ret, bool *ret_changed, Error **reterr) {
        const Lease *own = lease_find(s, req->machine, req->nic);
        uint32_t address = req->wanted;
        bool changed = false;
        int r;

        if (own && !is_in_use(req, own->address) && (!req->wanted || own->address == req->wanted)) {
                *ret = own->address;
                *ret_changed = false;
                return 0;
        }
        r = req->wanted ? check_wanted(s, req, reterr) : choose_free(s, req, &address, &changed);
        if (r == -ENOSPC)
                return refuse_full(s, reterr);
        if (r < 0)
                return r;
        if (req->keep) {
                r = set_lease(s, req, address);
                if (r < 0)
                        return r == -ENOMEM ? error_oom(reterr) : refuse_full(s, reterr);
                changed = true;
        }
        *ret = address;
        *ret_changed = changed;
        return 0;
}

int lease_reserve_service(ZoneState *s, const uint32_t *in_use, size_t n_in_use) {
        if (s->service)
                return 0;
        for (uint32_t i = range_slots(s->range); i > 0; i--)
                if (is_free(s, range_slot(s->range, i - 1), &(LeaseRequest){ .in_use = in_use, .n_in_use = n_in_use })) {
                        s->service = range_slot(s->range, i - 1);
                        return 1;
                }
        return 0;
}

/* The place of an address in another range; 0: there is none. */
static uint32_t moved(const ZoneState *s, Range range, uint32_t address) {
        uint32_t place = address - s->range.base;

        return place >= 2 && place < range_slots(range) + 2 ? range.base + place : 0;
}

void lease_move(ZoneState *s, Range range) {
        size_t kept = 0;

        for (size_t i = 0; i < s->n_leases; i++) {
                s->leases[i].address = moved(s, range, s->leases[i].address);
                if (s->leases[i].address)
                        s->leases[kept++] = s->leases[i];
        }
        s->n_leases = kept;
        s->service = s->service ? moved(s, range, s->service) : 0;
        s->range = range;
        (void) lease_reserve_service(s, NULL, 0);
}
