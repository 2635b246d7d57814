/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "name.h"
#include "parse.h"
#include "text.h"

/* The text of a record: one table from which it is written, read and shown, so that the three cannot differ.
 *
 * Only root can write under /run/nbox, but what stands in a record came from settings files, trees and command
 * lines, and another version of nbox may have written it. So it is parsed as input: bounded, no control bytes,
 * each value of its type, keys of a later version passed over, and refused as a whole rather than half used. */

#define TEXT_MAX (64 * 1024)
#define STRINGS_MAX 1024

#define F(k, t, member) { k, t, offsetof(MachineRecord, member) }
#define CORE(k, t, member) { k, t, offsetof(MachineRecord, member), .core = true }
#define ENUM(k, member, table, otherwise) \
        .key = k, .type = FIELD_ENUM, .offset = offsetof(MachineRecord, member), .names = table, .fallback = otherwise

static const EnumName machine_state_names[] = {
        { "starting", MACHINE_STARTING },
        { "booting", MACHINE_BOOTING },
        { "running", MACHINE_RUNNING },
        { "stopping", MACHINE_STOPPING },
        { "rebooting", MACHINE_REBOOTING },
        { "closing", MACHINE_CLOSING },
        { "dead", MACHINE_DEAD },
        {},
};

const char *machine_state_to_string(MachineState s) {
        return enum_to_string(machine_state_names, (int) s);
}

static const EnumName health_state_names[] = {
        { "starting", HEALTH_STATE_STARTING },
        { "healthy", HEALTH_STATE_HEALTHY },
        { "unhealthy", HEALTH_STATE_UNHEALTHY },
        {},
};

const char *health_state_to_string(HealthState s) {
        return enum_to_string(health_state_names, (int) s);
}

const RecordField record_fields[] = {
        CORE("Name", FIELD_STRING, name),
        CORE("Id", FIELD_ID128, id),
        CORE("BootId", FIELD_BOOT_ID, boot_id),
        { ENUM("Mode", mode, start_mode_names, START_BOOT), .core = true },
        { ENUM("State", state, machine_state_names, MACHINE_RUNNING), .core = true },
        CORE("Supervisor", FIELD_PID, supervisor),
        CORE("Leader", FIELD_PID, leader),
        CORE("LeaderStart", FIELD_U64, leader_start),
        F("LeaderInode", FIELD_U64, leader_inode),
        CORE("StartedUSec", FIELD_U64, started_usec),
        F("Engine", FIELD_STRING, engine),
        { "Frozen", FIELD_BOOL, offsetof(MachineRecord, frozen), .live = true },
        F("Ready", FIELD_BOOL, ready),
        F("ReadyUSec", FIELD_U64, ready_usec),
        F("StartWaitsNoMore", FIELD_BOOL, start_waits_no_more),
        F("WaitingFor", FIELD_STRING, waiting_for),
        { ENUM("Health", health, health_state_names, HEALTH_STATE_NONE) },
        F("HealthUSec", FIELD_U64, health_usec),
        F("HealthFailures", FIELD_U32, health_failures),
        F("HealthCheck", FIELD_STRING, health_check),
        F("HealthWords", FIELD_STRING, health_words),
        F("HealthRestarts", FIELD_U32, health_restarts),
        F("RootDirectory", FIELD_STRING, root),
        F("SharesRoot", FIELD_BOOL, shares_root),
        F("Layer", FIELD_STRING, layer),
        F("Init", FIELD_STRING, init),
        { ENUM("InitKind", init_kind, init_kind_names, INIT_AUTO) },
        F("InitChosen", FIELD_BOOL, init_chosen),
        F("OS", FIELD_STRING, os),
        F("KillSignal", FIELD_INT, kill_signal),
        F("StopTimeoutUSec", FIELD_U64, stop_timeout_usec),
        F("Unit", FIELD_STRING, unit),
        F("Scope", FIELD_STRING, scope),
        F("Slice", FIELD_STRING, slice),
        F("ControlGroup", FIELD_STRING, cgroup),
        F("ControlGroupOwned", FIELD_BOOL, cgroup_owned),
        F("Registered", FIELD_BOOL, registered),
        F("UIDBase", FIELD_UID, uid_base),
        F("UIDRange", FIELD_U32, uid_range),
        F("SELinux", FIELD_STRING, selinux),
        F("SELinuxMounts", FIELD_STRING, selinux_mounts),
        F("AppArmor", FIELD_STRING, apparmor),
        F("Capabilities", FIELD_STRING, capabilities),
        F("SystemCallFilter", FIELD_STRINGS, system_call_filter),
        { ENUM("Network", network, network_kind_names, NETWORK_UNSET) },
        F("NetworkNamespace", FIELD_STRING, network_namespace),
        F("Zone", FIELD_STRING, zone),
        F("Address", FIELD_STRING, address),
        F("Interface", FIELD_STRING, interface),
        F("Nic", FIELD_STRINGS, nics),
        F("Port", FIELD_STRINGS, ports),
        F("HostPort", FIELD_STRINGS, host_ports),
        F("Device", FIELD_STRINGS, devices),
        F("Bind", FIELD_STRINGS, binds),
        F("DevId", FIELD_U64, dev_id),
        F("Lock", FIELD_STRINGS, locks),
        F("SettingsFile", FIELD_STRINGS, settings_files),
        F("TTYs", FIELD_INT, n_ttys),
        F("Reboots", FIELD_U32, reboots),
        F("QuickReboots", FIELD_U32, quick_reboots),
        F("MemoryKills", FIELD_U32, memory_kills),
        F("MemoryKilledUSec", FIELD_U64, memory_killed_usec),
        F("MemoryKillCause", FIELD_STRING, memory_kill_cause),
        F("MemoryKillLimit", FIELD_U64, memory_kill_limit),
        F("NextStartUSec", FIELD_U64, next_start_usec),
        {},
};

MachineRecord *record_new(void) {
        MachineRecord *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->version = RECORD_VERSION;
        r->kill_signal = -1;
        for (const RecordField *f = record_fields; f->key; f++)
                if (f->type == FIELD_ENUM)
                        *(int *) ((char *) r + f->offset) = f->fallback;
        return r;
}

void record_free(MachineRecord *r) {
        if (!r)
                return;
        for (const RecordField *f = record_fields; f->key; f++)
                if (f->type == FIELD_STRING)
                        free(*(char **) ((char *) r + f->offset));
                else if (f->type == FIELD_STRINGS)
                        strv_free(*(char ***) ((char *) r + f->offset));
        free(r);
}

static char *text_of(const char *fmt, ...) _printf_(1, 2);

static char *text_of(const char *fmt, ...) {
        char *s = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&s, fmt, ap) < 0)
                s = NULL;
        va_end(ap);
        return s;
}

int record_field_format(const MachineRecord *r, const RecordField *f, char **ret) {
        const void *p = (const char *) r + f->offset;
        char *s, id[33];

        switch (f->type) {
        case FIELD_STRING:
                if (!*(char *const *) p) {
                        *ret = NULL;
                        return 0;
                }
                s = strdup(*(char *const *) p);
                break;
        case FIELD_STRINGS:
                if (!*(char **const *) p) {
                        *ret = NULL;
                        return 0;
                }
                s = strv_join(*(char **const *) p, " ");
                break;
        case FIELD_ENUM:
                *ret = NULL;
                return *(const int *) p == f->fallback && !f->core ? 0 : string_set(ret, enum_to_string(f->names, *(const int *) p));
        case FIELD_ID128:
                s = strdup(id128_to_text(p, id));
                break;
        case FIELD_BOOT_ID:
                s = strdup(p);
                break;
        case FIELD_PID:
        case FIELD_INT:
                s = text_of("%d", *(const int *) p);
                break;
        case FIELD_UID:
        case FIELD_U32:
                s = text_of("%" PRIu32, *(const uint32_t *) p);
                break;
        case FIELD_U64:
                s = text_of("%" PRIu64, *(const uint64_t *) p);
                break;
        default:
                s = strdup(*(const bool *) p ? "yes" : "no");
                break;
        }
        if (!s)
                return -ENOMEM;
        *ret = s;
        return 0;
}

static int append_line(FILE *out, const char *key, const char *value, Error **reterr) {
        if (!string_is_clean(value))
                return error_set(reterr, EINVAL, "The value of %s for the machine's record has a control character in it", key);
        fprintf(out, "%s=%s\n", key, value);
        return 0;
}

static int append_field(FILE *out, const MachineRecord *r, const RecordField *f, Error **reterr) {
        _cleanup_free_ char *value = NULL;
        int k;

        if (f->type == FIELD_STRINGS) {
                char **v = *(char **const *) ((const char *) r + f->offset);

                for (; v && *v; v++) {
                        k = append_line(out, f->key, *v, reterr);
                        if (k < 0)
                                return k;
                }
                return 0;
        }
        if (record_field_format(r, f, &value) < 0)
                return error_oom(reterr);
        return value ? append_line(out, f->key, value, reterr) : 0;
}

int record_format(const MachineRecord *r, char **ret, Error **reterr) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        int k = 0;

        if (!out)
                return error_oom(reterr);
        fprintf(out, "Version=%d\n", r->engine ? RECORD_VERSION : RECORD_VERSION_USUAL);
        for (const RecordField *f = record_fields; f->key && k >= 0; f++)
                k = f->live ? 0 : append_field(out, r, f, reterr);
        if (fclose(out) != 0 && k >= 0)
                k = error_oom(reterr);
        if (k >= 0 && size > TEXT_MAX)
                k = error_set(reterr, E2BIG, "The machine's record is larger than %d bytes", TEXT_MAX);
        if (k < 0) {
                free(text);
                return k;
        }
        *ret = text;
        return 0;
}

static int set_u32(uint32_t *p, const char *value, uint64_t max) {
        uint64_t v;
        int r = parse_u64(value, max, &v);

        if (r >= 0)
                *p = (uint32_t) v;
        return r;
}

static int set_int(int *p, const char *value) {
        uint64_t v;
        int r;

        if (strcmp(value, "-1") == 0) {
                *p = -1;
                return 0;
        }
        r = parse_u64(value, INT32_MAX, &v);
        if (r >= 0)
                *p = (int) v;
        return r;
}

static void set_enum(int *p, const RecordField *f, const char *value) {
        *p = f->fallback;
        for (const EnumName *e = f->names; e->name; e++)
                if (strcmp(e->name, value) == 0)
                        *p = e->value;
}

static int set_field(MachineRecord *r, const RecordField *f, const char *value) {
        void *p = (char *) r + f->offset;
        uint8_t id[16];

        switch (f->type) {
        case FIELD_STRING:
                return string_set(p, value);
        case FIELD_STRINGS:
                return strv_length(*(char ***) p) >= STRINGS_MAX ? -E2BIG : strv_append(p, value);
        case FIELD_ENUM:
                set_enum(p, f, value);
                return 0;
        case FIELD_ID128:
                return parse_id128(value, p);
        case FIELD_BOOT_ID:
                if (strlen(value) != 32 || parse_id128(value, id) < 0)
                        return -EINVAL;
                memcpy(p, value, 33);
                return 0;
        case FIELD_PID:
        case FIELD_INT:
                return set_int(p, value);
        case FIELD_UID:
        case FIELD_U32:
                return set_u32(p, value, UINT32_MAX);
        case FIELD_U64:
                return parse_u64(value, UINT64_MAX, p);
        default:
                return parse_bool(value, p);
        }
}

static bool is_field(const RecordField *f, const char *line, size_t n) {
        return strncmp(f->key, line, n) == 0 && !f->key[n];
}

/* Records are written in the table's order: the next line's field is most likely behind `*last`, or that one again. */
static const RecordField *find_field(const RecordField **last, const char *line, size_t n) {
        const RecordField *from = *last;

        for (const RecordField *f = from; f->key; f++)
                if (is_field(f, line, n))
                        return *last = f;
        for (const RecordField *f = record_fields; f < from; f++)
                if (is_field(f, line, n))
                        return *last = f;
        return NULL;
}

static int parse_line(MachineRecord *r, const char *line, const RecordField **last) {
        const char *eq = strchr(line, '=');
        const RecordField *f;

        if (!eq || eq == line || !string_is_clean(line))
                return -EBADMSG;
        f = find_field(last, line, (size_t) (eq - line));
        if (!f || f->live || (!f->core && r->version > RECORD_VERSION)) /* of a later version */
                return 0;
        return set_field(r, f, eq + 1);
}

static int parse_version(const char *line, int *ret) {
        uint64_t v;

        if (!line || strncmp(line, "Version=", 8) != 0 || parse_u64(line + 8, INT32_MAX, &v) < 0 || v == 0)
                return -EBADMSG;
        *ret = (int) v;
        return 0;
}

int record_parse(const char *text, size_t size, MachineRecord **ret, Error **reterr) {
        _cleanup_(record_freep) MachineRecord *r = record_new();
        _cleanup_free_ char *copy = NULL;
        const RecordField *last = record_fields;
        char *state = NULL, *line;
        int k;

        if (size > TEXT_MAX)
                return error_set(reterr, EFBIG, "The machine's record is larger than %d bytes", TEXT_MAX);
        if (strnlen(text, size) != size)
                return error_set(reterr, EBADMSG, "The machine's record has a NUL byte in it");
        copy = strndup(text, size);
        if (!r || !copy)
                return error_oom(reterr);

        line = strtok_r(copy, "\n", &state);
        k = parse_version(line, &r->version);
        while (k >= 0 && (line = strtok_r(NULL, "\n", &state)))
                k = parse_line(r, line, &last);
        if (k == -ENOMEM)
                return error_oom(reterr);
        if (k < 0 || !machine_name_is_valid(r->name) || !r->boot_id[0] || r->leader < 0 || r->supervisor < 0)
                return error_set(reterr, EBADMSG, "The machine's record is damaged");
        *ret = TAKE_PTR(r);
        return 0;
}
