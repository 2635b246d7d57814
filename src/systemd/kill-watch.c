/* SPDX-License-Identifier: GPL-2.0-or-later */

/* `machinectl poweroff` and `machinectl reboot` are KillMachine(NAME, "leader", SIGRTMIN+4 or SIGINT): systemd's own signals, sent by
 * systemd-machined to whatever init that is. Any other init ignores them, or understands something else. Nothing tells the supervisor,
 * machined has no signal for it, and one process cannot learn what another has sent to a third. So the bus is watched: a connection
 * that becomes a monitor (BecomeMonitor, for root only) with rules for the calls that name this machine and for machined's answers.
 *
 * A call alone is only somebody's wish: polkit may refuse it. It counts once machined has answered it with success. Everything of a call
 * but its sender is the caller's, its serial too: who may call anything may give two calls one serial, and have the answer of a harmless
 * one taken for that of this. Therefore a call counts only if it is addressed to machined by name and expects an answer, for then
 * dbus-daemon refuses a second one of the same serial until the first is answered; an answer must have no content, as this
 * method's has; and an error ends the waiting as well. Until the bus has made us a monitor everything is passed over; after that nobody
 * can send us anything of his own.
 *
 * Price: a second connection for a machine whose init is not systemd, of the 256 that dbus-daemon allows a user (so who has many machines does
 * without), and a wake-up for each answer of machined's. Where there is none left, or the bus cannot do it, machinectl's signals are what they were. */

#include "kill-watch.h"

#include <stdlib.h>
#include <string.h>

#include "bus-watch.h"
#include "bus.h"
#include "log.h"

#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"
#define PENDING_MAX 8

/* A call that has not been answered yet. */
typedef struct PendingKill {
        char *sender;
        uint64_t serial;
        int sig;
} PendingKill;

struct KillWatch {
        sd_bus *bus;
        BusWatch *watch;
        sd_bus_slot *filter, *call;
        char *machine, *path;
        void (*cb)(int sig, void *userdata);
        void *userdata;
        bool monitoring;
        PendingKill pending[PENDING_MAX];
        size_t next; /* the one to be overwritten */
};

static void forget(PendingKill *p) {
        free(p->sender);
        *p = (PendingKill){};
}

/* The signal of a call that is for this machine's leader, or -EINVAL. */
static int read_signal(KillWatch *w, sd_bus_message *m) {
        const char *name, *who;
        int32_t sig;

        if (!sd_bus_message_get_expect_reply(m) || strcmp(sd_bus_message_get_destination(m) ?: "", MACHINED_SERVICE) != 0)
                return -EINVAL;
        if (sd_bus_message_is_method_call(m, MACHINED_MANAGER, "KillMachine")) {
                if (strcmp(sd_bus_message_get_path(m) ?: "", MACHINED_PATH) != 0 || sd_bus_message_read(m, "ssi", &name, &who, &sig) < 0 ||
                    strcmp(name, w->machine) != 0)
                        return -EINVAL;
        } else if (sd_bus_message_is_method_call(m, MACHINED_SERVICE ".Machine", "Kill")) {
                if (strcmp(sd_bus_message_get_path(m) ?: "", w->path) != 0 || sd_bus_message_read(m, "si", &who, &sig) < 0)
                        return -EINVAL;
        } else
                return -EINVAL;
        return strcmp(who, "leader") == 0 && sig > 0 && sig < 65 ? sig : -EINVAL;
}

static void take_call(KillWatch *w, sd_bus_message *m) {
        PendingKill *p = &w->pending[w->next];
        const char *sender = sd_bus_message_get_sender(m);
        uint64_t serial;
        int sig = read_signal(w, m);

        if (sig < 0 || !sender || sd_bus_message_get_cookie(m, &serial) < 0)
                return;
        w->next = (w->next + 1) % PENDING_MAX;
        forget(p);
        *p = (PendingKill){ .sender = strdup(sender), .serial = serial, .sig = sig };
}

static void take_answer(KillWatch *w, sd_bus_message *m, bool success) {
        const char *to = sd_bus_message_get_destination(m);
        uint64_t serial;

        if (!to || sd_bus_message_get_reply_cookie(m, &serial) < 0)
                return;
        for (size_t i = 0; i < PENDING_MAX; i++) {
                PendingKill *p = &w->pending[i];
                int sig = p->sig;

                if (!p->sender || p->serial != serial || strcmp(p->sender, to) != 0)
                        continue;
                forget(p);
                if (success && sd_bus_message_is_empty(m) > 0)
                        w->cb(sig, w->userdata);
                return;
        }
}

static int on_message(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        KillWatch *w = userdata;
        uint8_t type;

        if (!w->monitoring || sd_bus_message_get_type(m, &type) < 0)
                return 0;
        if (type == SD_BUS_MESSAGE_METHOD_CALL)
                take_call(w, m);
        else if (type == SD_BUS_MESSAGE_METHOD_RETURN || type == SD_BUS_MESSAGE_METHOD_ERROR)
                take_answer(w, m, type == SD_BUS_MESSAGE_METHOD_RETURN);
        return 1; /* nothing of it is for us */
}

static int on_monitoring(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *e) {
        const sd_bus_error *error = sd_bus_message_get_error(m);
        KillWatch *w = userdata;

        if (error)
                log_debug("The system bus cannot be watched for what machinectl tells '%s': %s, ignoring", w->machine,
                          error->message ?: error->name);
        w->monitoring = !error;
        return 1;
}

static int append_rules(sd_bus_message *m, const KillWatch *w) {
        static const char *const answers[] = {
                "type='method_return',sender='" MACHINED_SERVICE "'",
                "type='error',sender='" MACHINED_SERVICE "'",
                "type='error',sender='" DBUS_SERVICE "'", /* machined went away, and the like */
        };
        _cleanup_free_ char *by_name = NULL, *by_path = NULL;
        int r;

        /* A machine's name has no character that a rule would have to quote. */
        if (asprintf(&by_name,
                     "type='method_call',path='" MACHINED_PATH "',interface='" MACHINED_MANAGER "',member='KillMachine',arg0='%s'",
                     w->machine) < 0 ||
            asprintf(&by_path, "type='method_call',path='%s',interface='" MACHINED_SERVICE ".Machine',member='Kill',arg0='leader'",
                     w->path) < 0)
                return -ENOMEM;
        r = sd_bus_message_open_container(m, 'a', "s");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", by_name, by_path);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(answers); i++)
                r = sd_bus_message_append(m, "s", answers[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_append(m, "u", 0);
}

static int become_monitor(KillWatch *w) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(w->bus, &m, DBUS_SERVICE, "/org/freedesktop/DBus", DBUS_SERVICE ".Monitoring", "BecomeMonitor");
        if (r >= 0)
                r = append_rules(m, w);
        return r < 0 ? r : sd_bus_call_async(w->bus, &w->call, m, on_monitoring, w, 0);
}

/* Not waiting for anything: what is sent goes out when the bus has let us in. */
static int connect_bus(KillWatch *w, EventLoop *event) {
        const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int r;

        r = sd_bus_new(&w->bus);
        if (r >= 0)
                r = sd_bus_set_description(w->bus, "nbox-watch");
        if (r >= 0)
                r = sd_bus_set_address(w->bus, address && *address ? address : SYSTEM_BUS);
        if (r >= 0)
                r = sd_bus_set_bus_client(w->bus, 1);
        if (r >= 0)
                r = sd_bus_set_monitor(w->bus, 1); /* or sd-bus would answer calls that are not for us */
        if (r >= 0)
                r = sd_bus_start(w->bus);
        return r < 0 ? r : bus_watch_new(w->bus, event, &w->watch);
}

int kill_watch_new(EventLoop *event, const char *machine, void (*cb)(int sig, void *userdata), void *userdata, KillWatch **ret,
                   Error **reterr) {
        KillWatch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return error_oom(reterr);
        w->cb = cb;
        w->userdata = userdata;
        w->machine = strdup(machine);
        r = w->machine ? sd_bus_path_encode(MACHINED_PATH "/machine", machine, &w->path) : -ENOMEM;
        if (r >= 0)
                r = connect_bus(w, event);
        if (r >= 0)
                r = sd_bus_add_filter(w->bus, &w->filter, on_message, w);
        if (r >= 0)
                r = become_monitor(w);
        if (r < 0) {
                kill_watch_free(w);
                return error_errno(reterr, r, "Cannot watch the system bus");
        }
        *ret = w;
        return 0;
}

KillWatch *kill_watch_free(KillWatch *w) {
        if (!w)
                return NULL;
        sd_bus_slot_unref(w->filter);
        sd_bus_slot_unref(w->call);
        bus_watch_free(w->watch);
        sd_bus_close_unref(w->bus);
        for (size_t i = 0; i < PENDING_MAX; i++)
                forget(&w->pending[i]);
        free(w->machine);
        free(w->path);
        free(w);
        return NULL;
}
