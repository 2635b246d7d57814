/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A user who may not end a machine and tries to have its supervisor believe that systemd-machined has allowed it (see
 * src/systemd/kill-watch.c), for tests/host/machinectl.sh: a call that will be refused, and one that will not, both with the same serial.
 *
 *     killdrive NAME silent|answered     whether the first call expects an answer
 */

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SERIAL 1000
#define SYSTEMD_POWEROFF 38

static int send_call(sd_bus *bus, sd_bus_message *m) {
        int r = sd_bus_message_seal(m, SERIAL, 0);

        return r < 0 ? r : sd_bus_send(bus, m, NULL);
}

static int forge(sd_bus *bus, const char *machine, int expects_answer) {
        sd_bus_message *m = NULL, *ping = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.machine1", "/org/freedesktop/machine1",
                                           "org.freedesktop.machine1.Manager", "KillMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "ssi", machine, "leader", SYSTEMD_POWEROFF);
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(m, expects_answer);
        if (r >= 0)
                r = send_call(bus, m);
        if (r >= 0)
                r = sd_bus_message_new_method_call(bus, &ping, "org.freedesktop.machine1", "/org/freedesktop/machine1",
                                                   "org.freedesktop.DBus.Peer", "Ping");
        if (r >= 0)
                r = send_call(bus, ping);
        if (r >= 0)
                r = sd_bus_flush(bus);
        sd_bus_message_unref(m);
        sd_bus_message_unref(ping);
        return r;
}

int main(int argc, char **argv) {
        sd_bus *bus = NULL;
        int r;

        if (argc != 3)
                return 2;
        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = forge(bus, argv[1], strcmp(argv[2], "answered") == 0);
        /* Whoever leaves is not answered any more. */
        for (int i = 0; r >= 0 && i < 10; i++) {
                while ((r = sd_bus_process(bus, NULL)) > 0)
                        ;
                if (r >= 0)
                        r = sd_bus_wait(bus, 100 * 1000);
        }
        if (r < 0)
                fprintf(stderr, "killdrive: %s\n", strerror(-r));
        sd_bus_close_unref(bus);
        return r < 0;
}
