/* SPDX-License-Identifier: GPL-2.0-or-later */

/* systemd knows that a start failed, the unit's log knows why. Users asked for the reason where they asked for the
 * start, so it is fetched for them: the unit's first error since then with the advice that follows it, or the last of
 * anything it said. The first and not the last, because what runs in ExecStopPost= has its say too; and not by the
 * invocation's id, because a transient unit that fails is forgotten at once, and its id with it. Journald reads a
 * unit's stderr at its own pace, so the reader waits a moment for it. */

#include "failure.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "clock.h"
#include "libsystemd.h"
#include "unit.h"

#define PATIENCE_USEC 500000
#define LINE_MAX_BYTES 400

static char *field(sd_journal *j, const char *name) {
        size_t skip = strlen(name) + 1, n;
        const void *data;

        if (sd_journal_get_data(j, name, &data, &n) < 0 || n < skip)
                return NULL;
        n -= skip;
        return strndup((const char *) data + skip, n < LINE_MAX_BYTES ? n : LINE_MAX_BYTES);
}

typedef struct Reason {
        char *text;
        char *hint; /* or NULL */
} Reason;

static void reason_done(Reason *r) {
        free(r->text);
        free(r->hint);
}

static bool is_level(sd_journal *j, char lowest, char highest) {
        _cleanup_free_ char *priority = field(j, "PRIORITY");

        return priority && priority[0] >= highest && priority[0] <= lowest && !priority[1];
}

/* Without the prefix that our own lines have and that whoever prints this puts before it again. */
static char *message(sd_journal *j) {
        char *text = field(j, "MESSAGE");

        if (text && strncmp(text, "nbox: ", 6) == 0)
                memmove(text, text + 6, strlen(text + 6) + 1);
        return text;
}

/* nbox says its error on one line and what to do on the next, one level lower (log_report()). */
static void find_error(sd_journal *j, uint64_t since_usec, Reason *ret) {
        if (sd_journal_seek_realtime_usec(j, since_usec) < 0)
                return;
        while (sd_journal_next(j) > 0) {
                _cleanup_free_ char *pid = NULL, *next = NULL;

                if (!is_level(j, '3', '0'))
                        continue;
                ret->text = message(j);
                pid = field(j, "_PID");
                if (sd_journal_next(j) > 0 && is_level(j, '4', '4'))
                        next = field(j, "_PID");
                if (pid && next && strcmp(pid, next) == 0)
                        ret->hint = message(j);
                return;
        }
}

static void find_last_word(sd_journal *j, uint64_t since_usec, Reason *ret) {
        uint64_t when;

        if (sd_journal_seek_tail(j) >= 0 && sd_journal_previous(j) > 0 && sd_journal_get_realtime_usec(j, &when) >= 0 &&
            when >= since_usec)
                ret->text = message(j);
}

static void find_reason(const char *unit, uint64_t since_usec, Reason *ret) {
        _cleanup_(sd_journal_closep) sd_journal *j = NULL;
        uint64_t end = clock_deadline(PATIENCE_USEC);
        _cleanup_free_ char *match = NULL;

        if (asprintf(&match, "_SYSTEMD_UNIT=%s", unit) < 0 ||
            sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0 || sd_journal_add_match(j, match, 0) < 0)
                return;
        for (;;) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC);

                find_error(j, since_usec, ret);
                if (ret->text || now >= end || sd_journal_wait(j, end - now) < 0)
                        break;
        }
        if (!ret->text)
                find_last_word(j, since_usec, ret);
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
        _cleanup_(reason_done) Reason reason = {};
        _cleanup_free_ char *how = NULL;
        bool failed = strcmp(result, "failed") == 0;
        int r;

        if (failed)
                find_reason(unit, since_usec, &reason);
        if (reason.text)
                r = error_set(reterr, EIO, "%s did not start: %s", unit, reason.text);
        else if (failed && unit_get_string(bus, unit, SYSTEMD_SERVICE ".Service", "Result", &how, NULL) >= 0)
                r = error_set(reterr, EIO, "%s did not start: %s, status %d", unit, how, service_status(bus, unit));
        else if (failed)
                r = error_set(reterr, EIO, "%s did not start: its process failed and logged nothing", unit);
        else
                r = error_set(reterr, EIO, "%s did not start: its job was ended as '%s'", unit, result);
        if (reason.hint)
                return error_hint(reterr, r, "%s", reason.hint);
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
