/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machined.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "bus.h"

#define MACHINED_MACHINE MACHINED_SERVICE ".Machine"
#define COPY_REPLACE (UINT64_C(1) << 0) /* of CopyToMachineWithFlags */
#define NO_TIMEOUT UINT64_MAX           /* copying may take its time */

/* ---- calls ---- */

static int failed(const char *what, const char *name, int r, const sd_bus_error *e, Error **reterr) {
        if (sd_bus_error_has_name(e, MACHINED_SERVICE ".NoSuchMachine"))
                return error_set(reterr, ESRCH, "No machine '%s' known", name);
        return bus_failed(reterr, r, e, "%s '%s'", what, name);
}

static int new_call(sd_bus *bus, const char *method, sd_bus_message **ret, Error **reterr) {
        int r = sd_bus_message_new_method_call(bus, ret, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, method);

        return r < 0 ? bus_unbuilt(reterr, r, method) : 0;
}

/* `built` is what putting the call together came to. */
static int call(sd_bus *bus, sd_bus_message *m, int built, const char *what, const char *name, sd_bus_message **ret, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        if (built < 0)
                return bus_unbuilt(reterr, built, sd_bus_message_get_member(m));
        r = sd_bus_call(bus, m, NO_TIMEOUT, &e, ret);
        return r < 0 ? failed(what, name, r, &e, reterr) : 0;
}

static int call_with_name(sd_bus *bus, const char *method, const char *name, const char *what, sd_bus_message **ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = new_call(bus, method, &m, reterr);

        return r < 0 ? r : call(bus, m, sd_bus_message_append(m, "s", name), what, name, ret, reterr);
}

/* ---- what there is ---- */

int machined_list(sd_bus *bus, char ***ret, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_strv_ char **names = NULL;
        const char *name;
        int r;

        r = sd_bus_call_method(bus, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, "ListMachines", &e, &reply, NULL);
        if (r < 0)
                return bus_failed(reterr, r, &e, "Cannot ask systemd-machined for its machines");
        r = sd_bus_message_enter_container(reply, 'a', "(ssso)");
        while (r > 0 && (r = sd_bus_message_read(reply, "(ssso)", &name, NULL, NULL, NULL)) > 0)
                if (strv_append(&names, name) < 0)
                        return error_oom(reterr);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read systemd-machined's list of machines");
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

void machined_machine_done(MachinedMachine *m) {
        free(m->name);
        free(m->class);
        free(m->service);
        free(m->unit);
        free(m->root);
        free(m->state);
        free(m->ifindices);
        *m = (MachinedMachine){};
}

static int read_string(sd_bus_message *v, char **ret) {
        const char *text;
        int r = sd_bus_message_read(v, "v", "s", &text);

        if (r < 0)
                return r;
        free(*ret);
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

static int read_array(sd_bus_message *v, const char *type, const void **ret, size_t *ret_size) {
        int r = sd_bus_message_enter_container(v, 'v', type);

        if (r >= 0)
                r = sd_bus_message_read_array(v, type[1], ret, ret_size);
        return r < 0 ? r : sd_bus_message_exit_container(v);
}

static int read_id(sd_bus_message *v, char ret[33]) {
        const uint8_t *bytes;
        size_t n;
        int r = read_array(v, "ay", (const void **) &bytes, &n);

        for (size_t i = 0; r >= 0 && n == 16 && i < n; i++)
                snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
        return r;
}

static int read_ifindices(sd_bus_message *v, MachinedMachine *m) {
        const void *items;
        size_t size;
        int r = read_array(v, "ai", &items, &size);

        if (r < 0 || size == 0)
                return r;
        free(m->ifindices);
        m->ifindices = malloc(size);
        if (!m->ifindices)
                return -ENOMEM;
        memcpy(m->ifindices, items, size);
        m->n_ifindices = size / sizeof(int32_t);
        return 0;
}

static int read_leader(sd_bus_message *v, pid_t *ret) {
        uint32_t pid;
        int r = sd_bus_message_read(v, "v", "u", &pid);

        *ret = r < 0 ? 0 : (pid_t) pid;
        return r;
}

static int read_property(sd_bus_message *v, const char *key, MachinedMachine *m) {
        const struct {
                const char *key;
                char **text;
        } texts[] = {
                { "Name", &m->name }, { "Class", &m->class }, { "Service", &m->service }, { "Unit", &m->unit },
                { "RootDirectory", &m->root }, { "State", &m->state },
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (strcmp(key, texts[i].key) == 0)
                        return read_string(v, texts[i].text);
        if (strcmp(key, "Id") == 0)
                return read_id(v, m->id);
        if (strcmp(key, "Leader") == 0)
                return read_leader(v, &m->leader);
        if (strcmp(key, "Timestamp") == 0)
                return sd_bus_message_read(v, "v", "t", &m->since_usec);
        if (strcmp(key, "TimestampMonotonic") == 0)
                return sd_bus_message_read(v, "v", "t", &m->since_monotonic_usec);
        if (strcmp(key, "NetworkInterfaces") == 0)
                return read_ifindices(v, m);
        return sd_bus_message_skip(v, "v");
}

static int read_properties(sd_bus_message *reply, MachinedMachine *m) {
        const char *key;
        int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = sd_bus_message_read(reply, "s", &key);
                if (r >= 0)
                        r = read_property(reply, key, m);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r;
}

int machined_get(sd_bus *bus, const char *name, MachinedMachine *ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *where = NULL, *reply = NULL;
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(machined_machine_done) MachinedMachine m = {};
        const char *object;
        int r = call_with_name(bus, "GetMachine", name, "Cannot ask systemd-machined for", &where, reterr);

        if (r < 0)
                return r;
        r = sd_bus_message_read(where, "o", &object);
        if (r >= 0)
                r = sd_bus_call_method(bus, MACHINED_SERVICE, object, "org.freedesktop.DBus.Properties", "GetAll", &e, &reply, "s", MACHINED_MACHINE);
        if (r < 0)
                return failed("Cannot ask systemd-machined for", name, r, &e, reterr);
        r = read_properties(reply, &m);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read what systemd-machined says of '%s'", name);
        *ret = m;
        m = (MachinedMachine){};
        return 0;
}

int machined_find(sd_bus *bus, const char *name, MachinedMachine *ret, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = machined_get(bus, name, ret, &error);

        if (r == -ENOMEM)
                return error_pass(reterr, r, &error);
        return r >= 0;
}

/* ---- what it asks the machine for ---- */

static int read_addresses(sd_bus_message *reply, char ***ret) {
        char text[INET6_ADDRSTRLEN];
        const void *bytes;
        int32_t family;
        size_t n;
        int r = sd_bus_message_enter_container(reply, 'a', "(iay)");

        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "iay")) > 0) {
                r = sd_bus_message_read(reply, "i", &family);
                if (r >= 0)
                        r = sd_bus_message_read_array(reply, 'y', &bytes, &n);
                if (r >= 0 && n == (family == AF_INET ? 4 : 16) && inet_ntop(family, bytes, text, sizeof(text)))
                        r = strv_append(ret, text);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r;
}

int machined_addresses(sd_bus *bus, const char *name, char ***ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_strv_ char **addresses = NULL;

        if (call_with_name(bus, "GetMachineAddresses", name, "Cannot ask for the addresses of", &reply, NULL) < 0)
                return 0;
        if (read_addresses(reply, &addresses) == -ENOMEM)
                return error_oom(reterr);
        *ret = TAKE_PTR(addresses);
        return 0;
}

void machined_os_done(MachinedOs *os) {
        free(os->id);
        free(os->version_id);
        free(os->pretty_name);
        *os = (MachinedOs){};
}

static int take_os(MachinedOs *os, const char *key, const char *value) {
        char **to = strcmp(key, "ID") == 0 ? &os->id : strcmp(key, "VERSION_ID") == 0 ? &os->version_id :
                    strcmp(key, "PRETTY_NAME") == 0 ? &os->pretty_name : NULL;

        if (!to)
                return 0;
        free(*to);
        *to = strdup(value);
        return *to ? 0 : -ENOMEM;
}

int machined_os(sd_bus *bus, const char *name, MachinedOs *ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_(machined_os_done) MachinedOs os = {};
        const char *key, *value;
        int r;

        if (call_with_name(bus, "GetMachineOSRelease", name, "Cannot ask for the system of", &reply, NULL) < 0)
                return 0;
        r = sd_bus_message_enter_container(reply, 'a', "{ss}");
        while (r > 0 && (r = sd_bus_message_read(reply, "{ss}", &key, &value)) > 0)
                r = take_os(&os, key, value) < 0 ? -ENOMEM : 1;
        if (r == -ENOMEM)
                return error_oom(reterr);
        *ret = os;
        os = (MachinedOs){};
        return 0;
}

/* ---- what it does ---- */

int machined_terminate(sd_bus *bus, const char *name, Error **reterr) {
        return call_with_name(bus, "TerminateMachine", name, "Cannot terminate machine", NULL, reterr);
}

/* The answer's fd lives as long as the answer. */
static int take_pty(sd_bus_message *reply, int *ret, Error **reterr) {
        int fd, r = sd_bus_message_read(reply, "h", &fd);

        if (r >= 0) {
                fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                r = fd < 0 ? -errno : 0;
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot take the terminal from systemd-machined");
        *ret = fd;
        return 0;
}

/* TERM is ours, as machinectl(1) gives it. */
static int append_environment(sd_bus_message *m, char *const *environment) {
        _cleanup_strv_ char **all = NULL;
        const char *term = getenv("TERM");
        int r = term && !strv_env_get(environment, "TERM") ? strv_appendf(&all, "TERM=%s", term) : 0;

        for (; r >= 0 && environment && *environment; environment++)
                r = strv_append(&all, *environment);
        return r < 0 ? r : sd_bus_message_append_strv(m, all);
}

int machined_open_shell(sd_bus *bus, const MachinedShell *q, int *ret_pty, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        int r = new_call(bus, "OpenMachineShell", &m, reterr), built;

        if (r < 0)
                return r;
        built = sd_bus_message_append(m, "sss", q->name, q->user ? q->user : "root", q->argv && q->argv[0] ? q->argv[0] : "");
        if (built >= 0)
                built = sd_bus_message_append_strv(m, (char **) q->argv);
        if (built >= 0)
                built = append_environment(m, q->environment);
        r = call(bus, m, built, "Cannot get a shell in", q->name, &reply, reterr);
        return r < 0 ? r : take_pty(reply, ret_pty, reterr);
}

int machined_open_login(sd_bus *bus, const char *name, int *ret_pty, Error **reterr) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r = call_with_name(bus, "OpenMachineLogin", name, "Cannot get a login prompt of", &reply, reterr);

        return r < 0 ? r : take_pty(reply, ret_pty, reterr);
}

/* Without flags by the older call, which all versions have. */
int machined_copy(sd_bus *bus, const MachinedCopy *q, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        const char *method = q->to_machine ? q->force ? "CopyToMachineWithFlags" : "CopyToMachine"
                                           : q->force ? "CopyFromMachineWithFlags" : "CopyFromMachine";
        int r = new_call(bus, method, &m, reterr), built;

        if (r < 0)
                return r;
        built = sd_bus_message_append(m, "sss", q->name, q->from, q->to);
        if (built >= 0 && q->force)
                built = sd_bus_message_append(m, "t", COPY_REPLACE);
        return call(bus, m, built, q->to_machine ? "Cannot copy to" : "Cannot copy from", q->name, NULL, reterr);
}

int machined_bind(sd_bus *bus, const MachinedBind *q, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = new_call(bus, "BindMountMachine", &m, reterr);

        return r < 0 ? r : call(bus, m, sd_bus_message_append(m, "sssbb", q->name, q->from, q->to, (int) q->read_only, (int) q->mkdir),
                                "Cannot bind into", q->name, NULL, reterr);
}

int machined_unit_cgroup(sd_bus *bus, const char *unit, char **ret, Error **reterr) {
        static const struct {
                const char *suffix, *interface;
        } kinds[] = { { ".service", SYSTEMD_SERVICE ".Service" }, { ".scope", SYSTEMD_SERVICE ".Scope" }, { ".slice", SYSTEMD_SERVICE ".Slice" } };
        const char *dot = strrchr(unit, '.');
        int r;

        for (size_t i = 0; dot && i < ELEMENTSOF(kinds); i++)
                if (strcmp(dot, kinds[i].suffix) == 0) {
                        r = unit_get_string(bus, unit, kinds[i].interface, "ControlGroup", ret, reterr);
                        if (r >= 0 && !**ret) { /* the root's */
                                free(*ret);
                                *ret = strdup("/");
                        }
                        return r < 0 ? r : *ret ? 0 : error_oom(reterr);
                }
        return error_set(reterr, EOPNOTSUPP, "The unit %s has no cgroup", unit);
}
