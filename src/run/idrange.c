/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "idrange.h"

#include "text.h"

#define FIRST 0x00080000U
#define FIRST_PASSING 0x60000000U /* below are ranges that are kept */
#define END 0x70000000U

/* In a user namespace that ends before systemd's: what is behind the ids of its own users. */
#define FIRST_INSIDE IDRANGE_SIZE

void idranges_done(UidRanges *r) {
        free(r->items);
        *r = (UidRanges){};
}

int idranges_add(UidRanges *r, UidRange one) {
        UidRange *grown;

        if (one.count == 0)
                return 0;
        grown = reallocarray(r->items, r->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        r->items = grown;
        r->items[r->n++] = one;
        return 0;
}

static bool is_ours(UidRange r, const UidRanges *ours) {
        for (size_t i = 0; i < ours->n; i++)
                if (r.base >= ours->items[i].base && (uint64_t) r.base + r.count <= (uint64_t) ours->items[i].base + ours->items[i].count)
                        return true;
        return false;
}

bool idrange_is_free(UidRange r, const UidRanges *ours, const UidRanges *taken) {
        if (!is_ours(r, ours))
                return false;
        for (size_t i = 0; i < taken->n; i++)
                if (idrange_meets(r, taken->items[i]))
                        return false;
        return true;
}

/* The first free one in the slots of `within`, beginning at the one that the hash says. */
static bool pick_within(unsigned long long hash, uint32_t count, UidRange within, const UidRanges *ours, const UidRanges *taken,
                        UidRange *ret) {
        uint32_t slots;

        if (within.count < count)
                return false;
        slots = (within.count - count) / IDRANGE_SIZE + 1;
        for (uint32_t i = 0; i < slots; i++) {
                UidRange r = { within.base + (uid_t) ((hash + i) % slots) * IDRANGE_SIZE, count };

                if (idrange_is_free(r, ours, taken)) {
                        *ret = r;
                        return true;
                }
        }
        return false;
}

int idrange_pick(const char *machine, uint32_t count, bool kept, const UidRanges *ours, const UidRanges *taken, UidRange *ret,
                 Error **reterr) {
        const UidRange places[] = {
                kept ? (UidRange){ FIRST, FIRST_PASSING - FIRST } : (UidRange){ FIRST_PASSING, END - FIRST_PASSING },
                { FIRST, END - FIRST },
        };
        unsigned long long hash = string_hash(machine);

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (pick_within(hash, count, places[i], ours, taken, ret))
                        return 0;
        if (!is_ours((UidRange){ FIRST, END - FIRST }, ours) &&
            pick_within(hash, count, (UidRange){ FIRST_INSIDE, FIRST - FIRST_INSIDE }, ours, taken, ret))
                return 0;
        error_set(reterr, EBUSY, "No range of %u user ids is free for a machine here", count);
        if (!is_ours((UidRange){ 0, UINT32_MAX }, ours))
                return error_hint(reterr, -EBUSY,
                                  "This is a machine itself: start it with --nesting on its host, which gives it more ids. Or take "
                                  "--private-users=no here.");
        return error_hint(reterr, -EBUSY, "Files in %s and the lines of /etc/subuid and /etc/subgid say who has them.", IDENTITY_DIRECTORY);
}
