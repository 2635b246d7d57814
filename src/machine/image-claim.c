/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-claim.h"

#include <string.h>

#include "clock.h"
#include "gc.h"
#include "machine.h"
#include "registered.h"
#include "registration.h"

#define CLOSING_STEP_USEC (50 * 1000)
#define CLOSING_STEPS 100 /* 5 s, as for a name: record_claim() */

/* One that has ended, and is being cleared away, is none. */
static bool runs_from(const Machine *m, const Image *image) {
        return m->state != MACHINE_DEAD && m->state != MACHINE_CLOSING && m->record->root && strcmp(m->record->root, image->path) == 0;
}

/* Between two lives nobody holds its tree, but its record has the name: the next one finds the tree that the last one left. */
static bool is_between_lives(const Machine *m) {
        return m->state == MACHINE_REBOOTING || (m->state == MACHINE_STARTING && m->record->reboots > 0);
}

static bool reboots_from(const Image *image) {
        Machine **machines = NULL;
        bool found = false;
        size_t n = 0;

        if (machine_list(&machines, &n, NULL) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                found = found || (is_between_lives(machines[i]) && runs_from(machines[i], image));
        machine_list_free(machines, n);
        return found;
}

/* Looked at with the lock held as well: what ends its life while we come says that it reboots before it lets go of the tree. A start that
 * finds the lock taken for this look tries again (run/start.c). */
static int lock_for_change(const Image *image, ImageLock **ret, Error **reterr) {
        bool reboots = reboots_from(image);
        int r = reboots ? 0 : image_lock(image, false, ret, reterr);

        if (r < 0)
                return r;
        if (!reboots && !reboots_from(image))
                return 0;
        *ret = image_lock_release(*ret);
        return error_set(reterr, EBUSY, "The image '%s' is in use by a machine that reboots", image->name);
}

static int try_claim(const Image *image, bool shared, ImageLock **ret, Error **reterr) {
        return shared ? image_lock(image, true, ret, reterr) : lock_for_change(image, ret, reterr);
}

static int find_ours(const Image *image, char **ret) {
        Machine **machines = NULL;
        size_t n = 0;
        int r = 0;

        if (machine_list(&machines, &n, NULL) < 0)
                return 0;
        for (size_t i = 0; r == 0 && i < n; i++)
                if (runs_from(machines[i], image)) {
                        *ret = strdup(machines[i]->record->name);
                        r = *ret ? 1 : 0;
                }
        machine_list_free(machines, n);
        return r;
}

static int find_others(const Image *image, char **ret) {
        _cleanup_(record_freep) MachineRecord *ours = NULL;
        sd_bus *bus = NULL;
        int r;

        if (host_bus_open(&bus, NULL) <= 0)
                return 0;
        r = registered_machine_of(bus, image->path, ret, NULL);
        sd_bus_flush_close_unref(bus);
        if (r > 0 && record_load(*ret, &ours, NULL) >= 0) { /* that ends, and is not unregistered yet */
                free(*ret);
                *ret = NULL;
                return 0;
        }
        return r > 0;
}

int image_user(const Image *image, char **ret, bool *ret_ours) {
        *ret_ours = find_ours(image, ret) > 0;
        return *ret_ours || find_others(image, ret) > 0;
}

int image_claim(const Image *image, bool shared, ImageLock **ret, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *machine = NULL;
        bool ours = false;
        int r, user = 0;

        for (int i = 0; (r = try_claim(image, shared, ret, &error)) == -EBUSY && (user = image_user(image, &machine, &ours)) == 0 &&
             i < CLOSING_STEPS; i++)
                clock_pause(CLOSING_STEP_USEC);
        if (r >= 0 || user == 0)
                return r < 0 ? error_pass(reterr, r, &error) : 0;
        error_set(reterr, EBUSY, "The image '%s' is in use by the machine '%s'", image->name, machine);
        return error_hint(reterr, -EBUSY, "%s %s` ends it.", ours ? "`nbox poweroff --wait" : "`machinectl poweroff", machine);
}

int name_claim(const char *machine, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int fd = record_claim(machine, &error), r;

        if (fd == -EBUSY) {
                error_set(reterr, EBUSY, "The machine '%s' is running", machine);
                return error_hint(reterr, -EBUSY, "`nbox poweroff --wait %s` ends it.", machine);
        }
        if (fd < 0)
                return error_pass(reterr, fd, &error);
        r = gc_sweep_claimed(machine);
        if (r < 0) {
                close_fd(fd);
                return error_errno(reterr, r, "Not all that the machine '%s' left could be cleared away", machine);
        }
        return fd;
}

void name_release(int claim, const char *machine) {
        if (claim >= 0)
                (void) record_remove(claim, machine);
        close_fd(claim);
}
