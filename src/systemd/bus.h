/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "libsystemd.h"

/* What the files of this room share: where systemd stands on the bus, and how its answers become Errors. */

#define SYSTEMD_SERVICE "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT "org.freedesktop.systemd1.Unit"
#define DBUS_SERVICE "org.freedesktop.DBus"
#define MACHINED_SERVICE "org.freedesktop.machine1"
#define MACHINED_PATH "/org/freedesktop/machine1"
#define MACHINED_MANAGER "org.freedesktop.machine1.Manager"

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)
static inline void bus_error_done(sd_bus_error *e) {
        sd_bus_error_free(e);
}
#define _cleanup_bus_error_ _cleanup_(bus_error_done)

#define _cleanup_bus_ _cleanup_(sd_bus_flush_close_unrefp)

/* Make an Error of a failed call: "<text>: <the bus's own message, or strerror(r)>". Refused permission becomes
 * -EPERM with a hint. e may be NULL or empty. Control bytes of the message are replaced. Returns the code. */
int bus_failed(Error **reterr, int r, const sd_bus_error *e, const char *fmt, ...) _printf_(4, 5);

/* For a message that could not be put together (out of memory, or a mistake of ours). */
int bus_unbuilt(Error **reterr, int r, const char *method);

/* Dispatch one message, waiting for it as long as `usec` (UINT64_MAX: for ever). Works on a bus that is attached
 * to an event loop and on one that is not. 0, or -ETIMEDOUT, or what ended the connection. */
int bus_step(sd_bus *bus, uint64_t usec, Error **reterr);

/* Whether a signal is from whoever owns that name. The bus holds what is sent to all against the sender that a match names.
 * What is sent to us alone it delivers whoever it is of, and it lets every user of the host send that; the library cannot
 * tell them apart either. So the bus is asked, and waited for. To be asked before anything is done about a signal. */
bool bus_signal_is_of(sd_bus_message *m, const char *service);

/* The unit's object path, the caller's; NULL on out of memory. */
char *unit_path(const char *unit);

/* One property of a unit's object; -ENXIO for a unit that is not loaded. The string or array is the caller's. */
int unit_get_string(sd_bus *bus, const char *unit, const char *interface, const char *property, char **ret, Error **reterr);
int unit_get_strv(sd_bus *bus, const char *unit, const char *interface, const char *property, char ***ret, Error **reterr);
