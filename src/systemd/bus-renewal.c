/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where the bus's daemon is started anew (an upgrade that restarts it, a crash), all that hung on the old one is gone: who we were there, what we
 * listened to, and what systemd knew of us. sd-bus does not connect again.
 *
 * Connecting must not wait: systemd holds the socket while nobody answers there, and a machine's console is served by the same process. Nor
 * may a host with many machines have all of them come at once, each time: the first pause differs from one to the next, and they grow.
 * A daemon is there before systemd has found back to it, so it counts as back only when systemd answers. */

#include "bus-renewal.h"

#include <stdlib.h>

#include "bus.h"
#include "log.h"

#define LOCAL_PATH "/org/freedesktop/DBus/Local"
#define LOCAL_INTERFACE "org.freedesktop.DBus.Local"
#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"
#define PAUSE_USEC (100 * UINT64_C(1000))
#define SPREAD_USEC (200 * UINT64_C(1000))
#define PAUSE_MAX_USEC (20 * UINT64_C(1000000))
#define ANSWER_USEC (20 * UINT64_C(1000000))

struct BusRenewal {
        EventLoop *loop;
        sd_bus *next; /* not let in yet; or NULL */
        BusWatch *next_watch;
        sd_bus_slot *lost, *answered;
        EventSource *timer;
        uint64_t pause;
        BusRenewed cb;
        void *userdata;
};

static int on_time(EventSource *source, uint64_t usec, void *userdata);

/* Nothing of a connection is freed here: we are called by it. */
static void try_later(BusRenewal *r) {
        uint64_t pause = r->pause > 0 ? r->pause : PAUSE_USEC + (uint64_t) getpid() * 7919 % SPREAD_USEC;

        r->pause = pause * 2 < PAUSE_MAX_USEC ? pause * 2 : PAUSE_MAX_USEC;
        r->timer = event_source_free(r->timer);
        if (event_add_time_relative(r->loop, &r->timer, pause, on_time, r) < 0)
                log_warning("Out of memory: the system bus is not connected to again, ignoring");
}

static int on_lost(_unused_ sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        log_debug("Lost the connection to the system bus: connecting again");
        try_later(userdata);
        return 0;
}

static int watch(BusRenewal *r, sd_bus *bus) {
        r->lost = sd_bus_slot_unref(r->lost);
        return sd_bus_match_signal(bus, &r->lost, NULL, LOCAL_PATH, LOCAL_INTERFACE, "Disconnected", on_lost, r);
}

static int on_answer(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        BusRenewal *r = userdata;

        if (sd_bus_message_get_error(m)) {
                try_later(r);
                return 0;
        }
        r->pause = 0;
        r->cb(TAKE_PTR(r->next), TAKE_PTR(r->next_watch), r->userdata);
        return 0;
}

static int ask_systemd(BusRenewal *r) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int k;

        k = sd_bus_message_new_method_call(r->next, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, "org.freedesktop.DBus.Peer", "Ping");
        return k < 0 ? k : sd_bus_call_async(r->next, &r->answered, m, on_answer, r, ANSWER_USEC);
}

static void drop_next(BusRenewal *r) {
        r->answered = sd_bus_slot_unref(r->answered);
        if (!r->next)
                return;
        r->lost = sd_bus_slot_unref(r->lost);
        r->next_watch = bus_watch_free(r->next_watch);
        r->next = sd_bus_close_unref(r->next);
}

static int connect_again(BusRenewal *r) {
        const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int k = sd_bus_new(&r->next);

        if (k >= 0)
                k = sd_bus_set_description(r->next, "nbox");
        if (k >= 0)
                k = sd_bus_set_address(r->next, address && *address ? address : SYSTEM_BUS);
        if (k >= 0)
                k = sd_bus_set_bus_client(r->next, 1);
        if (k >= 0)
                k = sd_bus_set_close_on_exit(r->next, 0); /* as host_bus_open() */
        if (k >= 0)
                k = sd_bus_start(r->next);
        if (k >= 0)
                k = watch(r, r->next);
        if (k >= 0)
                k = bus_watch_new(r->next, r->loop, &r->next_watch);
        return k < 0 ? k : ask_systemd(r);
}

static int on_time(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        BusRenewal *r = userdata;

        drop_next(r);
        if (connect_again(r) < 0) {
                drop_next(r);
                try_later(r);
        }
        return 0;
}

int bus_renewal_new(EventLoop *loop, sd_bus *bus, BusRenewed cb, void *userdata, BusRenewal **ret, Error **reterr) {
        BusRenewal *r = calloc(1, sizeof(*r));
        int k;

        if (!r)
                return error_oom(reterr);
        *r = (BusRenewal){ .loop = loop, .cb = cb, .userdata = userdata };
        k = watch(r, bus);
        if (k < 0) {
                bus_renewal_free(r);
                return error_errno(reterr, k, "Cannot watch the connection to the system bus");
        }
        if (sd_bus_is_open(bus) <= 0) /* it has ended a moment ago */
                try_later(r);
        *ret = r;
        return 0;
}

BusRenewal *bus_renewal_free(BusRenewal *r) {
        if (!r)
                return NULL;
        drop_next(r);
        sd_bus_slot_unref(r->lost);
        event_source_free(r->timer);
        free(r);
        return NULL;
}
