/* SPDX-License-Identifier: GPL-2.0-or-later */

/* systemd knows that a start failed, the unit's log knows why. Users asked for the reason where they asked for the
 * start, so it is fetched for them: the unit's last error since then, or the last of anything it said. (Not by its
 * invocation id: a transient unit that fails is forgotten at once, and its id with it.) Journald reads a unit's
 * stderr at its own pace, so the reader waits a moment for it. */

#include "failure.h"

#include <stdbool.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "unit.h"

#define PATIENCE_USEC 500000
#define LINE_MAX_BYTES 400

static uint64_t now_usec(clockid_t clock) {
        struct timespec ts;

        clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t failure_clock(void) {
        return now_usec(CLOCK_REALTIME);
}

static char *field(sd_journal *j, const char *name) {
        size_t skip = strlen(name) + 1, n;
        const void *data;

        if (sd_journal_get_data(j, name, &data, &n) < 0 || n < skip)
                return NULL;
        n -= skip;
        return strndup((const char *) data + skip, n < LINE_MAX_BYTES ? n : LINE_MAX_BYTES);
}

/* The newest message that is an error, or the newest of all when `any`; without our own prefix. */
static char *last_message(sd_journal *j, uint64_t since_usec, bool any) {
        for (int r = sd_journal_seek_tail(j) < 0 ? -1 : sd_journal_previous(j); r > 0; r = sd_journal_previous(j)) {
                _cleanup_free_ char *priority = field(j, "PRIORITY"), *text = field(j, "MESSAGE");
                uint64_t when;

                if (sd_journal_get_realtime_usec(j, &when) < 0 || when < since_usec)
                        return NULL;
                if (!text || !*text || (!any && !(priority && priority[0] <= '3')))
                        continue;
                return strncmp(text, "nbox: ", 6) == 0 ? strdup(text + 6) : TAKE_PTR(text);
        }
        return NULL;
}

static char *why(const char *unit, uint64_t since_usec) {
        _cleanup_(sd_journal_closep) sd_journal *j = NULL;
        uint64_t end = now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;
        _cleanup_free_ char *match = NULL;
        char *text;

        if (asprintf(&match, "_SYSTEMD_UNIT=%s", unit) < 0 ||
            sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0 || sd_journal_add_match(j, match, 0) < 0)
                return NULL;
        for (;;) {
                uint64_t now = now_usec(CLOCK_MONOTONIC);

                text = last_message(j, since_usec, false);
                if (text || now >= end || sd_journal_wait(j, end - now) < 0)
                        break;
        }
        return text ? text : last_message(j, since_usec, true);
}

static int service_status(sd_bus *bus, const char *unit) {
        _cleanup_free_ char *path = unit_path(unit);
        int32_t status = 0;

        if (path)
                (void) sd_bus_get_property_trivial(bus, SYSTEMD_SERVICE, path, SYSTEMD_SERVICE ".Service", "ExecMainStatus",
                                                   NULL, 'i', &status);
        return status;
}

static int unit_failure(sd_bus *bus, const char *unit, const char *result, uint64_t since_usec, Error **reterr) {
        _cleanup_free_ char *text = NULL, *reason = NULL;
        int r;

        if (strcmp(result, "failed") == 0)
                text = why(unit, since_usec);
        if (text)
                r = error_set(reterr, EIO, "%s did not start: %s", unit, text);
        else if (strcmp(result, "failed") == 0 &&
                 unit_get_string(bus, unit, SYSTEMD_SERVICE ".Service", "Result", &reason, NULL) >= 0)
                r = error_set(reterr, EIO, "%s did not start: %s, status %d", unit, reason, service_status(bus, unit));
        else if (strcmp(result, "failed") == 0)
                r = error_set(reterr, EIO, "%s did not start: its process failed and logged nothing", unit);
        else
                r = error_set(reterr, EIO, "%s did not start: its job was ended as '%s'", unit, result);
        return error_hint(reterr, r, "`journalctl -u '%s'` has its whole log.", unit);
}

/* A guest that reboots before it was ready ends the job of its start as failed, and systemd starts it again. */
static bool comes_back(sd_bus *bus, const char *unit) {
        for (;;) {
                _cleanup_free_ char *state = NULL, *sub = NULL;

                if (unit_get_string(bus, unit, SYSTEMD_UNIT, "ActiveState", &state, NULL) < 0 ||
                    unit_get_string(bus, unit, SYSTEMD_UNIT, "SubState", &sub, NULL) < 0)
                        return false;
                if (strcmp(state, "active") == 0)
                        return true;
                if (strcmp(state, "activating") != 0)
                        return false;
                if (strcmp(sub, "auto-restart") == 0 && service_status(bus, unit) != UNIT_REBOOT_STATUS)
                        return false;
                usleep(50000);
        }
}

int unit_start_outcome(sd_bus *bus, const char *unit, const char *result, uint64_t since_usec, Error **reterr) {
        if (strcmp(result, "done") == 0 || (strcmp(result, "failed") == 0 && comes_back(bus, unit)))
                return 0;
        return unit_failure(bus, unit, result, since_usec, reterr);
}
