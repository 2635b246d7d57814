/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine-order.h"

/* What comes before what, of all machines together: a machine before those that come after it and those it is before, and before
 * its groups; a group before those that come after it. systemd would find a circle, too, but only when the host starts, and leave out of
 * it whichever start it likes. */

typedef struct StartOrder {
        char **names;   /* machines, and "@GROUP" */
        size_t n;
        bool *before;   /* n × n: [a * n + b] is whether a comes before b, at whatever distance */
        bool *next;     /* the same, of neighbours */
} StartOrder;

void start_order_done(StartOrder *o);

/* An order that is to become a machine's. */
typedef struct OrderChange {
        const char *machine;
        MachineOrder order;
} OrderChange;

/* As the files have it, but for the machines that are about to change. */
int start_order_load(const OrderChange *changes, size_t n, StartOrder *ret, Error **reterr);

bool start_order_is_before(const StartOrder *o, const char *a, const char *b);

/* The shortest way from a machine round to itself: "a", "@b", "c", "a"; NULL with 0 where there is none. */
int start_order_circle(const StartOrder *o, const char *machine, char ***ret, Error **reterr);

/* Whoever comes before another one first, all others as they are. */
void start_order_sort(const StartOrder *o, char **names, size_t n);
