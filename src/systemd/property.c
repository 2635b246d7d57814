/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The unit file's words for limits, turned into what systemd takes over D-Bus (org.freedesktop.systemd1(5)).
 *
 * systemd has no call that takes them as text, so every client carries such a table. Ours holds what limits or
 * describes a scope, and nothing that would take the scope out of nbox's hands (Controller=, BindsTo=, KillMode=,
 * Slice=). What the table does not know is refused by name: a limit that is silently not there is worse than none. */

#include "property.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "text.h"

#define CPU_MAX 8191 /* the kernel's NR_CPUS has never been built larger */

typedef struct Property Property;
struct Property {
        const char *name;
        const char *bus_name; /* NULL: the same */
        const char *detail;   /* the property that takes the value where it is a percentage of the host's; or the words
                               * that parse_choice() knows */
        int (*parse)(const Property *p, const char *value, PropertyValue *v);
        const char *allowed;
};

static int set_number(PropertyValue *v, const char *signature, uint64_t number) {
        v->signature = signature;
        v->number = number;
        return 0;
}

static int parse_text(const Property *p, const char *value, PropertyValue *v) {
        (void) p;
        v->signature = "s";
        v->text = strdup(value);
        return v->text ? 0 : -ENOMEM;
}

static int parse_choice(const Property *p, const char *value, PropertyValue *v) {
        size_t n = strlen(value);

        for (const char *word = p->detail; *word;) {
                size_t k = strcspn(word, " ");

                if (k == n && strncmp(word, value, n) == 0)
                        return parse_text(p, value, v);
                word += k;
                word += strspn(word, " ");
        }
        return -EINVAL;
}

static int parse_unit_name(const Property *p, const char *value, PropertyValue *v) {
        const char *dot = strrchr(value, '.');

        (void) p;
        if (!dot || dot == value || !dot[1] || strchr(value, ' ') || strchr(value, '/'))
                return -EINVAL;
        v->signature = "as";
        v->text = strdup(value);
        return v->text ? 0 : -ENOMEM;
}

static int parse_boolean(const Property *p, const char *value, PropertyValue *v) {
        bool b;
        int r = parse_bool(value, &b);

        (void) p;
        return r < 0 ? r : set_number(v, "b", b);
}

/* A share of the host's whole, as a fraction of UINT32_MAX. */
static int parse_scaled(const Property *p, const char *value, PropertyValue *v) {
        uint64_t hundredths;
        int r = parse_percent(value, 100 * 100, &hundredths);

        if (r < 0)
                return r;
        snprintf(v->bus_name, sizeof(v->bus_name), "%s", p->detail);
        return set_number(v, "u", (hundredths * UINT32_MAX + 5000) / 10000);
}

static int parse_bytes(const Property *p, const char *value, PropertyValue *v) {
        uint64_t size;
        int r;

        if (strcmp(value, "infinity") == 0)
                return set_number(v, "t", UINT64_MAX);
        if (strchr(value, '%'))
                return parse_scaled(p, value, v);
        r = parse_size(value, &size);
        return r < 0 ? r : set_number(v, "t", size);
}

static int parse_count(const Property *p, const char *value, PropertyValue *v) {
        uint64_t n;
        int r;

        if (strcmp(value, "infinity") == 0)
                return set_number(v, "t", UINT64_MAX);
        if (strchr(value, '%'))
                return parse_scaled(p, value, v);
        r = parse_u64(value, UINT64_MAX - 1, &n);
        if (r >= 0 && n == 0)
                r = -ERANGE;
        return r < 0 ? r : set_number(v, "t", n);
}

static int parse_pressure(const Property *p, const char *value, PropertyValue *v) {
        return parse_scaled(p, value, v);
}

/* An empty one is none of its own. */
static int parse_weight(const Property *p, const char *value, PropertyValue *v) {
        uint64_t n;
        int r;

        (void) p;
        if (!*value)
                return set_number(v, "t", UINT64_MAX);
        r = parse_u64(value, 10000, &n);
        if (r >= 0 && n == 0)
                r = -ERANGE;
        return r < 0 ? r : set_number(v, "t", n);
}

static int parse_cpu_weight(const Property *p, const char *value, PropertyValue *v) {
        return strcmp(value, "idle") == 0 ? set_number(v, "t", 0) : parse_weight(p, value, v);
}

static int parse_cpu_quota(const Property *p, const char *value, PropertyValue *v) {
        uint64_t hundredths;
        int r;

        (void) p;
        if (strcmp(value, "infinity") == 0)
                return set_number(v, "t", UINT64_MAX);
        r = parse_percent(value, UINT64_MAX / 100, &hundredths);
        if (r >= 0 && hundredths == 0)
                r = -ERANGE;
        return r < 0 ? r : set_number(v, "t", hundredths * 100); /* 100% is 1,000,000 us of every second */
}

/* "90", "90s", "5min", "1h 30min". */
static int parse_time(const Property *p, const char *value, PropertyValue *v) {
        static const struct { const char *name; uint64_t usec; } units[] = {
                { "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { "sec", 1000000 }, { "", 1000000 },
                { "m", 60000000 }, { "min", 60000000 }, { "h", 3600000000 }, { "d", 86400000000 },
        };
        uint64_t total = 0;

        (void) p;
        if (strcmp(value, "infinity") == 0)
                return set_number(v, "t", UINT64_MAX);
        if (!*value)
                return -EINVAL;
        while (*value) {
                char digits[16], unit[8];
                size_t n = strspn(value, "0123456789"), k = strcspn(value + n, " 0123456789"), i;
                uint64_t x;

                if (n == 0 || n >= sizeof(digits) || k >= sizeof(unit))
                        return -EINVAL;
                snprintf(digits, sizeof(digits), "%.*s", (int) n, value);
                snprintf(unit, sizeof(unit), "%.*s", (int) k, value + n);
                for (i = 0; i < ELEMENTSOF(units); i++)
                        if (strcmp(units[i].name, unit) == 0)
                                break;
                if (i == ELEMENTSOF(units) || parse_u64(digits, UINT32_MAX, &x) < 0)
                        return -EINVAL;
                total += x * units[i].usec;
                value += n + k;
                value += strspn(value, " ");
        }
        return set_number(v, "t", total);
}

/* "0-3,8" or "0 2 4": a bit a CPU (or node), lowest first, as systemd's cpu_set_to_dbus() has it. */
static int parse_cpu_list(const Property *p, const char *value, PropertyValue *v) {
        _cleanup_free_ char *copy = strdup(value);
        char *state = NULL;

        (void) p;
        v->signature = "ay";
        if (!copy)
                return -ENOMEM;
        v->bytes = calloc(1, CPU_MAX / 8 + 1);
        if (!v->bytes)
                return -ENOMEM;
        for (char *word = strtok_r(copy, ", ", &state); word; word = strtok_r(NULL, ", ", &state)) {
                char *dash = strchr(word, '-');
                uint64_t first, last;

                if (dash)
                        *dash = 0;
                if (parse_u64(word, CPU_MAX, &first) < 0 || parse_u64(dash ? dash + 1 : word, CPU_MAX, &last) < 0 ||
                    last < first)
                        return -EINVAL;
                for (uint64_t i = first; i <= last; i++)
                        v->bytes[i / 8] = (uint8_t) (v->bytes[i / 8] | 1U << i % 8);
                if (v->n_bytes < last / 8 + 1)
                        v->n_bytes = last / 8 + 1;
        }
        return 0;
}

/* The path or class, and what follows it; an empty value is an empty list. */
static int split_device(const char *value, PropertyValue *v, const char **ret_rest) {
        size_t n = strcspn(value, " ");

        *ret_rest = value + n + strspn(value + n, " ");
        if (n == 0)
                return **ret_rest ? -EINVAL : 0;
        v->text = strndup(value, n);
        return v->text ? 0 : -ENOMEM;
}

static int parse_device_allow(const Property *p, const char *value, PropertyValue *v) {
        const char *rest;
        int r = split_device(value, v, &rest);

        (void) p;
        v->signature = "a(ss)";
        if (r < 0 || !v->text)
                return r;
        if (strncmp(v->text, "/dev/", 5) != 0 && strncmp(v->text, "char-", 5) != 0 && strncmp(v->text, "block-", 6) != 0)
                return -EINVAL;
        if (rest[strspn(rest, "rwm")])
                return -EINVAL;
        v->access = strdup(*rest ? rest : "rwm");
        return v->access ? 0 : -ENOMEM;
}

static int parse_device_rate(const Property *p, const char *value, PropertyValue *v) {
        const char *rest;
        int r = split_device(value, v, &rest);

        (void) p;
        v->signature = "a(st)";
        if (r < 0 || !v->text)
                return r;
        return v->text[0] == '/' ? parse_byte_rate(rest, &v->number) : -EINVAL;
}

static int parse_device_weight(const Property *p, const char *value, PropertyValue *v) {
        const char *rest;
        int r = split_device(value, v, &rest);

        (void) p;
        v->signature = "a(st)";
        if (r < 0 || !v->text)
                return r;
        if (v->text[0] != '/' || parse_u64(rest, 10000, &v->number) < 0 || v->number == 0)
                return -EINVAL;
        return 0;
}

#define BYTES "a size such as 512M or 4G, a percentage of the host's memory, or infinity"
#define WEIGHT "a number from 1 to 10000"
#define BOOLEAN "yes or no"
#define CPUS "numbers and ranges such as 0-3,8"
#define UNITNAME "a unit's name, such as network-online.target"
#define RATE "a device's path and a rate such as '/dev/sda 10M'"

static const Property properties[] = {
        { "AllowedCPUs",               NULL, NULL, parse_cpu_list, CPUS },
        { "AllowedMemoryNodes",        NULL, NULL, parse_cpu_list, CPUS },
        { "CPUAccounting",             NULL, NULL, parse_boolean, BOOLEAN },
        { "CPUQuota",                  "CPUQuotaPerSecUSec", NULL, parse_cpu_quota,
          "a percentage of one CPU's time, such as 50% or 250%, or infinity" },
        { "CPUQuotaPeriodSec",         "CPUQuotaPeriodUSec", NULL, parse_time, "a time such as 10ms" },
        { "CPUWeight",                 NULL, NULL, parse_cpu_weight, WEIGHT ", or idle" },
        { "Description",               NULL, NULL, parse_text, "a text" },
        { "DeviceAllow",               NULL, NULL, parse_device_allow,
          "a path below /dev, char-CLASS or block-CLASS, and any of rwm: '/dev/fuse rw'" },
        { "DevicePolicy",              NULL, "auto closed strict", parse_choice, "auto, closed or strict" },
        { "IOAccounting",              NULL, NULL, parse_boolean, BOOLEAN },
        { "IODeviceWeight",            NULL, NULL, parse_device_weight, "a device's path and " WEIGHT },
        { "IOReadBandwidthMax",        NULL, NULL, parse_device_rate, RATE },
        { "IOReadIOPSMax",             NULL, NULL, parse_device_rate, RATE },
        { "IOWeight",                  NULL, NULL, parse_weight, WEIGHT },
        { "IOWriteBandwidthMax",       NULL, NULL, parse_device_rate, RATE },
        { "IOWriteIOPSMax",            NULL, NULL, parse_device_rate, RATE },
        { "IPAccounting",              NULL, NULL, parse_boolean, BOOLEAN },
        { "ManagedOOMMemoryPressure",  NULL, "auto kill", parse_choice, "auto or kill" },
        { "ManagedOOMMemoryPressureLimit", NULL, "ManagedOOMMemoryPressureLimit", parse_pressure, "a percentage" },
        { "ManagedOOMPreference",      NULL, "none avoid omit", parse_choice, "none, avoid or omit" },
        { "ManagedOOMSwap",            NULL, "auto kill", parse_choice, "auto or kill" },
        { "MemoryAccounting",          NULL, NULL, parse_boolean, BOOLEAN },
        { "MemoryHigh",                NULL, "MemoryHighScale", parse_bytes, BYTES },
        { "MemoryLow",                 NULL, "MemoryLowScale", parse_bytes, BYTES },
        { "MemoryMax",                 NULL, "MemoryMaxScale", parse_bytes, BYTES },
        { "MemoryMin",                 NULL, "MemoryMinScale", parse_bytes, BYTES },
        { "MemorySwapMax",             NULL, "MemorySwapMaxScale", parse_bytes, BYTES },
        { "MemoryZSwapMax",            NULL, "MemoryZSwapMaxScale", parse_bytes, BYTES },
        { "RuntimeMaxSec",             "RuntimeMaxUSec", NULL, parse_time, "a time such as 2h, or infinity" },
        { "StartupCPUWeight",          NULL, NULL, parse_cpu_weight, WEIGHT ", or idle" },
        { "StartupIOWeight",           NULL, NULL, parse_weight, WEIGHT },
        { "TasksAccounting",           NULL, NULL, parse_boolean, BOOLEAN },
        { "TasksMax",                  NULL, "TasksMaxScale", parse_count,
          "a number, a percentage of the host's limit, or infinity" },
        { "After",                     NULL, NULL, parse_unit_name, UNITNAME },
        { "Before",                    NULL, NULL, parse_unit_name, UNITNAME },
        { "Wants",                     NULL, NULL, parse_unit_name, UNITNAME },
};

bool property_iterate(size_t i, const char **ret_name, const char **ret_allowed) {
        if (i >= ELEMENTSOF(properties))
                return false;
        *ret_name = properties[i].name;
        *ret_allowed = properties[i].allowed;
        return true;
}

static const Property *property_find(const char *name, size_t n) {
        for (size_t i = 0; i < ELEMENTSOF(properties); i++)
                if (strlen(properties[i].name) == n && strncmp(properties[i].name, name, n) == 0)
                        return properties + i;
        return NULL;
}

static int unknown_property(const char *assignment, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        _cleanup_free_ char *list = NULL;

        for (size_t i = 0; i < ELEMENTSOF(properties); i++)
                if (strv_append(&names, properties[i].name) < 0)
                        return error_oom(reterr);
        list = strv_join(names, ", ");
        if (!list)
                return error_oom(reterr);
        error_set(reterr, EINVAL, "--property=%.80s is not a setting that nbox can give to a machine's scope", assignment);
        return error_hint(reterr, -EINVAL, "Known are: %s.", list);
}

int property_parse(const char *assignment, PropertyValue *ret, Error **reterr) {
        _cleanup_(property_done) PropertyValue v = {};
        const char *equals = strchr(assignment, '=');
        const Property *p;
        int r;

        if (!string_is_clean(assignment))
                return error_set(reterr, EINVAL, "--property= must not hold control characters");
        if (!equals)
                return error_set(reterr, EINVAL, "--property=%.80s is not of the form NAME=VALUE", assignment);
        p = property_find(assignment, (size_t) (equals - assignment));
        if (!p)
                return unknown_property(assignment, reterr);

        snprintf(v.bus_name, sizeof(v.bus_name), "%s", p->bus_name ? p->bus_name : p->name);
        r = p->parse(p, equals + 1, &v);
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r < 0)
                return error_set(reterr, EINVAL, "--property=%.80s: %s= takes %s", assignment, p->name, p->allowed);
        *ret = v;
        v = (PropertyValue) {};
        return 0;
}

void property_done(PropertyValue *v) {
        free(v->text);
        free(v->access);
        free(v->bytes);
        *v = (PropertyValue) {};
}

static int append_value(sd_bus_message *m, const PropertyValue *v) {
        const char *s = v->signature;

        if (strcmp(s, "s") == 0)
                return sd_bus_message_append(m, "v", "s", v->text);
        if (strcmp(s, "as") == 0)
                return sd_bus_message_append(m, "v", "as", 1, v->text);
        if (strcmp(s, "b") == 0)
                return sd_bus_message_append(m, "v", "b", (int) v->number);
        if (strcmp(s, "u") == 0)
                return sd_bus_message_append(m, "v", "u", (uint32_t) v->number);
        if (strcmp(s, "t") == 0)
                return sd_bus_message_append(m, "v", "t", v->number);
        if (strcmp(s, "a(ss)") == 0)
                return v->text ? sd_bus_message_append(m, "v", "a(ss)", 1, v->text, v->access)
                               : sd_bus_message_append(m, "v", "a(ss)", 0);
        if (strcmp(s, "a(st)") == 0)
                return v->text ? sd_bus_message_append(m, "v", "a(st)", 1, v->text, v->number)
                               : sd_bus_message_append(m, "v", "a(st)", 0);
        return -EINVAL;
}

static int append_bytes(sd_bus_message *m, const PropertyValue *v) {
        int r;

        r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', v->bytes, v->n_bytes);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int property_append(sd_bus_message *m, const PropertyValue *v) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", v->bus_name);
        if (r >= 0)
                r = strcmp(v->signature, "ay") == 0 ? append_bytes(m, v) : append_value(m, v);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int properties_append(sd_bus_message *m, char *const *assignments, Error **reterr) {
        for (char *const *a = assignments; a && *a; a++) {
                _cleanup_(property_done) PropertyValue v = {};
                int r;

                r = property_parse(*a, &v, reterr);
                if (r < 0)
                        return r;
                r = m ? property_append(m, &v) : 0;
                if (r < 0)
                        return error_errno(reterr, r, "Cannot hand --property=%.80s to systemd", *a);
        }
        return 0;
}

int properties_check(char *const *assignments, Error **reterr) {
        return properties_append(NULL, assignments, reterr);
}
