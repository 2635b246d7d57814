/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start-order.h"

#include <stdlib.h>
#include <string.h>

void start_order_done(StartOrder *o) {
        strv_free(o->names);
        free(o->before);
        free(o->next);
        *o = (StartOrder) {};
}

typedef struct Orders {
        OrderChange *items;
        size_t n;
        char **machines; /* whose names the items have */
} Orders;

static void orders_done(Orders *o) {
        for (size_t i = 0; i < o->n; i++)
                machine_order_done(&o->items[i].order);
        free(o->items);
        strv_free(o->machines);
}

static const OrderChange *find_change(const OrderChange *changes, size_t n, const char *machine) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(changes[i].machine, machine) == 0)
                        return changes + i;
        return NULL;
}

static int read_orders(const OrderChange *changes, size_t n, Orders *ret, Error **reterr) {
        int r = machine_order_list(&ret->machines, reterr);

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (!strv_contains(ret->machines, changes[i].machine) && strv_append(&ret->machines, changes[i].machine) < 0)
                        r = error_oom(reterr);
        if (r < 0)
                return r;
        ret->items = calloc(strv_length(ret->machines) + 1, sizeof(*ret->items));
        if (!ret->items)
                return error_oom(reterr);
        for (char **m = ret->machines; r >= 0 && m && *m; m++) {
                const OrderChange *change = find_change(changes, n, *m);
                OrderChange *item = ret->items + ret->n++;

                item->machine = *m;
                r = !change ? machine_order_load(*m, &item->order, reterr) :
                        machine_order_copy(&change->order, &item->order) < 0 ? error_oom(reterr) : 0;
        }
        return r < 0 ? r : 0;
}

static int note(StartOrder *o, const char *name) {
        return strv_contains(o->names, name) ? 0 : strv_append(&o->names, name);
}

static int note_group(StartOrder *o, const char *group) {
        char name[128];

        snprintf(name, sizeof(name), "@%s", group);
        return note(o, name);
}

static int note_names(StartOrder *o, const Orders *all) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < all->n; i++) {
                const MachineOrder *m = &all->items[i].order;

                r = note(o, all->items[i].machine);
                for (char **w = m->after; r >= 0 && w && *w; w++)
                        r = note(o, *w);
                for (char **w = m->before; r >= 0 && w && *w; w++)
                        r = note(o, *w);
                for (char **w = m->groups; r >= 0 && w && *w; w++)
                        r = note_group(o, *w);
        }
        o->n = strv_length(o->names);
        return r;
}

static size_t index_of(const StartOrder *o, const char *name) {
        size_t i = 0;

        while (i < o->n && strcmp(o->names[i], name) != 0)
                i++;
        return i;
}

static void join(StartOrder *o, const char *a, const char *b) {
        o->next[index_of(o, a) * o->n + index_of(o, b)] = true;
}

static void join_all(StartOrder *o, const Orders *all) {
        char group[128];

        for (size_t i = 0; i < all->n; i++) {
                const MachineOrder *m = &all->items[i].order;
                const char *machine = all->items[i].machine;

                for (char **w = m->after; w && *w; w++)
                        join(o, *w, machine);
                for (char **w = m->before; w && *w; w++)
                        join(o, machine, *w);
                for (char **w = m->groups; w && *w; w++) {
                        snprintf(group, sizeof(group), "@%s", *w);
                        join(o, machine, group);
                }
        }
}

static void close_over(StartOrder *o) {
        size_t n = o->n;

        memcpy(o->before, o->next, n * n * sizeof(bool));
        for (size_t k = 0; k < n; k++)
                for (size_t a = 0; a < n; a++)
                        for (size_t b = 0; o->before[a * n + k] && b < n; b++)
                                o->before[a * n + b] |= o->before[k * n + b];
}

int start_order_load(const OrderChange *changes, size_t n, StartOrder *ret, Error **reterr) {
        _cleanup_(start_order_done) StartOrder o = {};
        _cleanup_(orders_done) Orders all = {};
        int r = read_orders(changes, n, &all, reterr);

        if (r < 0)
                return r;
        if (note_names(&o, &all) < 0)
                return error_oom(reterr);
        o.next = calloc(o.n * o.n + 1, sizeof(bool));
        o.before = calloc(o.n * o.n + 1, sizeof(bool));
        if (!o.next || !o.before)
                return error_oom(reterr);
        join_all(&o, &all);
        close_over(&o);
        *ret = o;
        o = (StartOrder) {};
        return 0;
}

bool start_order_is_before(const StartOrder *o, const char *a, const char *b) {
        size_t i = index_of(o, a), j = index_of(o, b);

        return i < o->n && j < o->n && o->before[i * o->n + j];
}

/* Breadth first; from[x] is whence x was reached first. */
static bool find_way(const StartOrder *o, size_t to, size_t *from, size_t *queue) {
        size_t n_queue = 0;

        for (size_t i = 0; i < o->n; i++)
                from[i] = o->n;
        queue[n_queue++] = to;
        for (size_t head = 0; head < n_queue; head++)
                for (size_t i = 0; i < o->n; i++) {
                        if (!o->next[queue[head] * o->n + i] || from[i] < o->n)
                                continue;
                        from[i] = queue[head];
                        if (i == to)
                                return true;
                        queue[n_queue++] = i;
                }
        return false;
}

int start_order_circle(const StartOrder *o, const char *machine, char ***ret, Error **reterr) {
        _cleanup_free_ size_t *from = calloc(o->n + 1, sizeof(size_t)), *queue = calloc(o->n + 2, sizeof(size_t));
        _cleanup_strv_ char **way = NULL;
        size_t start = index_of(o, machine), n = 0;
        int r = 0;

        *ret = NULL;
        if (!from || !queue)
                return error_oom(reterr);
        if (start >= o->n || !find_way(o, start, from, queue))
                return 0;
        for (size_t i = from[start]; i != start; i = from[i])
                queue[n++] = i; /* backwards */
        r = strv_append(&way, machine);
        while (r >= 0 && n > 0)
                r = strv_append(&way, o->names[queue[--n]]);
        if (r >= 0)
                r = strv_append(&way, machine);
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(way);
        return 0;
}

/* The first of those that nobody of the others is before. */
static size_t choose(const StartOrder *o, char *const *names, size_t n) {
        for (size_t i = 0; i < n; i++) {
                size_t j = 0;

                while (j < n && (j == i || !start_order_is_before(o, names[j], names[i])))
                        j++;
                if (j == n)
                        return i;
        }
        return 0; /* a circle, of somebody else's making */
}

void start_order_sort(const StartOrder *o, char **names, size_t n) {
        for (; n > 1; names++, n--) {
                size_t i = choose(o, names, n);
                char *first = names[i];

                memmove(names + 1, names, i * sizeof(*names));
                *names = first;
        }
}
