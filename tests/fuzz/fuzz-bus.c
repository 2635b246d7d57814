/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus.h"
#include "job.h"
#include "machined.h"
#include "registered.h"
#include "registration.h"
#include "scope-devices.h"
#include "strv.h"
#include "unit.h"

/* Answers that come over D-Bus, from whoever is at the other end of the socket: a question is asked, and the bytes are what comes back.
 * The first byte says which question. Each answer is: kind (a return, an error, a signal, or bytes as they are), the number of the call
 * that it is for, its signature up to a NUL, and its body with its size in front; what a message has besides is made right here, for a
 * fuzzer would seldom get it so. */

enum { FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR, FIELD_REPLY, FIELD_DESTINATION, FIELD_SENDER, FIELD_SIGNATURE };

#define MESSAGE_MAX 8192

typedef struct Wire {
        uint8_t bytes[MESSAGE_MAX];
        size_t n;
} Wire;

static void put(Wire *w, const void *data, size_t size) {
        fuzz_check(w->n + size <= sizeof(w->bytes));
        if (size > 0)
                memcpy(w->bytes + w->n, data, size);
        w->n += size;
}

static void put_u32(Wire *w, uint32_t v) {
        put(w, &v, sizeof(v));
}

static void align(Wire *w, size_t to) {
        while (w->n % to)
                put(w, "", 1);
}

static void put_field(Wire *w, uint8_t field, char type, const char *text) {
        align(w, 8);
        put(w, (const uint8_t[]){ field, 1, (uint8_t) type, 0 }, 4);
        if (type == 'g')
                put(w, (const uint8_t[]){ (uint8_t) strlen(text) }, 1);
        else
                put_u32(w, (uint32_t) strlen(text));
        put(w, text, strlen(text) + 1);
}

static void put_reply_field(Wire *w, uint32_t serial) {
        align(w, 8);
        put(w, (const uint8_t[]){ FIELD_REPLY, 1, 'u', 0 }, 4);
        put_u32(w, serial);
}

/* D-Bus Specification, "Message Format". */
static void put_message(Wire *w, FuzzInput *in, unsigned kind, uint32_t serial) {
        static const uint8_t types[] = { SD_BUS_MESSAGE_METHOD_RETURN, SD_BUS_MESSAGE_METHOD_ERROR, SD_BUS_MESSAGE_SIGNAL };
        uint32_t reply = fuzz_byte(in), length;
        _cleanup_free_ char *signature = fuzz_string(in);
        size_t size = fuzz_byte(in) | (size_t) fuzz_byte(in) << 8, begin;
        const uint8_t *body;

        if (strlen(signature) > 200)
                signature[200] = 0;
        size = fuzz_bytes(in, size < 4096 ? size : 4096, &body);
        put(w, (const uint8_t[]){ 'l', types[kind], 0, 1 }, 4);
        put_u32(w, (uint32_t) size);
        put_u32(w, serial);
        begin = w->n;
        put_u32(w, 0);
        if (kind == 2) {
                put_field(w, FIELD_PATH, 'o', "/org/freedesktop/systemd1");
                put_field(w, FIELD_INTERFACE, 's', "org.freedesktop.systemd1.Manager");
                put_field(w, FIELD_MEMBER, 's', "JobRemoved");
        } else
                put_reply_field(w, reply);
        if (kind == 1)
                put_field(w, FIELD_ERROR, 's', reply % 2 ? "org.freedesktop.DBus.Error.Failed" : "org.freedesktop.machine1.NoSuchMachine");
        put_field(w, FIELD_SENDER, 's', "org.freedesktop.systemd1");
        if (*signature)
                put_field(w, FIELD_SIGNATURE, 'g', signature);
        length = (uint32_t) (w->n - begin - 4);
        memcpy(w->bytes + begin, &length, sizeof(length));
        align(w, 8);
        put(w, body, size);
}

/* All that comes is there before anything is asked; then the other end has nothing more to say. */
static void answer(int fd, FuzzInput *in) {
        static const char greeting[] = "DATA\r\nOK 00112233445566778899aabbccddeeff\r\nAGREE_UNIX_FD\r\n";

        fuzz_check(send(fd, greeting, strlen(greeting), MSG_NOSIGNAL) == (ssize_t) strlen(greeting));
        for (uint32_t serial = 1; serial < 12 && in->size > 0; serial++) {
                unsigned kind = fuzz_byte(in) % 4;
                Wire w = {};

                if (kind == 3) {
                        const uint8_t *raw;
                        size_t size = fuzz_bytes(in, MESSAGE_MAX, &raw);

                        put(&w, raw, size);
                } else
                        put_message(&w, in, kind, serial);
                (void) send(fd, w.bytes, w.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        (void) shutdown(fd, SHUT_WR);
}

static void ask_machined(sd_bus *bus, unsigned which) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(machined_machine_done) MachinedMachine m = {};
        _cleanup_(machined_os_done) MachinedOs os = {};
        _cleanup_strv_ char **list = NULL;
        _cleanup_free_ char *text = NULL;
        int r, pty = -1;

        switch (which) {
        case 0:
                r = machined_list(bus, &list, &error);
                break;
        case 1:
                r = machined_get(bus, "web", &m, &error);
                break;
        case 2:
                r = machined_addresses(bus, "web", &list, &error);
                break;
        case 3:
                r = machined_os(bus, "web", &os, &error);
                break;
        case 4:
                r = machined_unit_cgroup(bus, "machine-web.scope", &text, &error);
                break;
        case 5:
                r = registered_machine_of(bus, "/var/lib/machines/web", &text, &error);
                fuzz_check(r < 1 || text);
                break;
        case 6:
                r = machined_find(bus, "web", &m, &error);
                break;
        default:
                r = machined_open_login(bus, "web", &pty, &error);
                close_fd(pty);
        }
        fuzz_check_error(r, error);
}

static void ask_systemd(sd_bus *bus, unsigned which) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        switch (which) {
        case 0:
                r = unit_active_state(bus, "nbox@web.service", &text, &error);
                fuzz_check(r < 0 || text);
                break;
        case 1:
                r = unit_has_job(bus, "nbox@web.service", &error);
                break;
        case 2:
                r = unit_file_state(bus, "nbox@web.service", &text, &error);
                fuzz_check(r < 0 || text);
                break;
        case 3:
                r = service_restarts_on(bus, "nbox@web.service", 133, &error);
                break;
        case 4:
                (void) job_run_for_unit(bus, "StopUnit", "nbox@web.service", &e, &text, &error);
                return;
        default:
                r = unit_enable(bus, "nbox@web.service", &error);
        }
        fuzz_check_error(r, error);
}

static void ask_for_registration(sd_bus *bus) {
        const Registration reg = { .name = "web", .leader = getpid(), .root = "/var/lib/machines/web" };
        _cleanup_(error_freep) Error *error = NULL;
        PendingRegistration *pending = NULL;
        _cleanup_free_ char *scope = NULL;
        int r = registration_start(bus, &reg, &pending, &error);

        if (r >= 0)
                r = registration_wait(pending, &scope, &error);
        fuzz_check_error(r, error);
        fuzz_check(r < 0 || scope);
}

void fuzz_bus(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        unsigned which = fuzz_byte(&in) % 15;
        int fds[2];
        sd_bus *bus = NULL;

        fuzz_check(libsystemd_open() >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
        answer(fds[1], &in);
        fuzz_check(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0 && sd_bus_start(bus) >= 0);
        if (which < 8)
                ask_machined(bus, which);
        else if (which < 14)
                ask_systemd(bus, which - 8);
        else
                ask_for_registration(bus);
        sd_bus_flush_close_unref(bus);
        close(fds[1]);
}
