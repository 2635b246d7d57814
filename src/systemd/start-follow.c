/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start-follow.h"

#include <string.h>

#include "bus.h"
#include "clock.h"
#include "failure.h"
#include "registration.h"
#include "unit.h"

#define BUS_PATIENCE_USEC (30 * UINT64_C(1000000))
#define STEP_USEC (100 * UINT64_C(1000))

bool start_is_cut_off(int r, const sd_bus_error *e) {
        return r < 0 && (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE ||
                         sd_bus_error_has_names(e, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_DISCONNECTED));
}

/* The unit's state by a systemd that is back on the bus. */
static int look(const char *unit, sd_bus **bus, char **ret_state) {
        int r = *bus && sd_bus_is_open(*bus) > 0 ? 1 : 0;

        if (r == 0) {
                sd_bus_flush_close_unref(*bus);
                *bus = NULL;
                r = host_bus_open(bus, NULL);
        }
        return r <= 0 ? -ENOTCONN : unit_active_state(*bus, unit, ret_state, NULL);
}

int start_follow(const char *unit, const JobHook *hook, uint64_t since_usec, Error **reterr) {
        uint64_t end = clock_deadline(BUS_PATIENCE_USEC);
        _cleanup_bus_ sd_bus *bus = NULL;

        for (;;) {
                _cleanup_free_ char *state = NULL;
                int r = look(unit, &bus, &state);

                if (r >= 0 && strcmp(state, "activating") != 0)
                        return unit_start_outcome(bus, unit, "failed", since_usec, reterr);
                if (r >= 0)
                        end = clock_deadline(BUS_PATIENCE_USEC);
                else if (clock_usec(CLOCK_MONOTONIC) >= end) {
                        error_set(reterr, ENOTCONN, "Lost the system bus while %s was being started", unit);
                        return error_hint(reterr, -ENOTCONN, "Whether it runs, `nbox list` tells.");
                }
                if (hook && hook->tick(hook->userdata))
                        return 1;
                clock_pause(STEP_USEC);
        }
}
