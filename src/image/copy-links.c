/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-links.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#define NO_DEVICE UINT64_MAX
#define SLOTS_MIN 256

void hard_links_done(HardLinks *h) {
        for (size_t i = 0; i < h->n_slots; i++)
                if (h->slots[i].device != NO_DEVICE)
                        free(h->slots[i].path);
        free(h->slots);
        *h = (HardLinks){};
}

/* An odd multiplier's high bits are well mixed. */
static size_t slot_of(const HardLink *l, size_t n_slots) {
        return (size_t) (((l->inode ^ (l->device << 40)) * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (n_slots - 1);
}

static bool is_same(const HardLink *a, const HardLink *b) {
        return a->inode == b->inode && a->device == b->device && a->born_sec == b->born_sec && a->born_nsec == b->born_nsec;
}

/* Its place, or the free one that it would get. */
static HardLink *find(HardLink *slots, size_t n_slots, const HardLink *key) {
        size_t i = slot_of(key, n_slots);

        while (slots[i].device != NO_DEVICE && !is_same(&slots[i], key))
                i = (i + 1) & (n_slots - 1);
        return &slots[i];
}

static int grow(HardLinks *h) {
        size_t n = h->n_slots ? h->n_slots * 2 : SLOTS_MIN;
        HardLink *slots = calloc(n, sizeof(HardLink));

        if (!slots)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                slots[i].device = NO_DEVICE;
        for (size_t i = 0; i < h->n_slots; i++)
                if (h->slots[i].device != NO_DEVICE)
                        *find(slots, n, &h->slots[i]) = h->slots[i];
        free(h->slots);
        h->slots = slots;
        h->n_slots = n;
        return 0;
}

int hard_links_see(HardLinks *h, const struct statx *st, HardLink **ret) {
        HardLink key = {
                .inode = st->stx_ino,
                .device = makedev(st->stx_dev_major, st->stx_dev_minor),
                .born_sec = st->stx_mask & STATX_BTIME ? st->stx_btime.tv_sec : 0,
                .born_nsec = st->stx_mask & STATX_BTIME ? st->stx_btime.tv_nsec : 0,
                .left = st->stx_nlink - 1,
        };
        HardLink *l;

        if ((h->n + 1) * 2 > h->n_slots) {
                int r = h->n >= HARD_LINKS_MAX ? -E2BIG : grow(h);

                if (r < 0)
                        return r;
        }
        l = find(h->slots, h->n_slots, &key);
        *ret = l;
        if (l->device == NO_DEVICE) {
                *l = key;
                h->n++;
                return 0;
        }
        if (l->left > 0)
                l->left--;
        return 1;
}
