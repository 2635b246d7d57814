/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine-order.h"

/* What `nbox enable` is told of the order of machines, checked and written down. */

typedef struct OrderWish {
        char **after, **before, **groups;
        char *delay;
        bool after_given, before_given, groups_given; /* be it as nothing, which takes away what there was */
} OrderWish;

void order_wish_done(OrderWish *w);

/* The value of an option: names with commas between them, or nothing. More than one of an option add up. */
int order_wish_after(OrderWish *w, const char *value, Error **reterr);
int order_wish_before(OrderWish *w, const char *value, Error **reterr);
int order_wish_group(OrderWish *w, const char *value, Error **reterr);
int order_wish_delay(OrderWish *w, const char *value, Error **reterr);

bool order_wish_is_given(const OrderWish *w);

/* For all of them: what was not said stays as it was. Refused as a whole where it cannot be: nobody is before himself, round whatever
 * corner. -EINVAL, -ENOENT, -ELOOP. */
int order_wish_apply(const OrderWish *w, char *const *machines, Error **reterr);
