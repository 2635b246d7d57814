/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "values.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "name.h"
#include "parse.h"
#include "path.h"
#include "text.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int replace_string(char **p, const char *value, Error **reterr) {
        return string_set(p, value) < 0 ? error_oom(reterr) : 0;
}

int parse_as_nspawn(MachineConfig *c, const OptionValue *v _unused_, Error **reterr _unused_) {
        c->as_nspawn = true;
        return 0;
}

int parse_ignored(MachineConfig *c _unused_, const OptionValue *v, Error **reterr) {
        bool b;

        if (parse_bool(v->text, &b) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is neither yes nor no", v->text);
        return 0;
}

int parse_bool_field(MachineConfig *c, const OptionValue *v, Error **reterr) {
        bool b;

        if (parse_bool(v->text, &b) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is neither yes nor no", v->text);
        *field_int(c, v->option->field) = b;
        return 0;
}

int parse_enum_field(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return enum_parse(v->option->values, v->text, field_int(c, v->option->field), reterr);
}

int host_path(const char *path, bool from_file, char **ret, Error **reterr) {
        _cleanup_free_ char *absolute = NULL;
        char *resolved;

        if (!*path)
                return error_set(reterr, EINVAL, "The path is empty");
        if (!string_is_clean(path))
                return error_set(reterr, EINVAL, "The path '%.200s' has control characters", path);
        if (strlen(path) >= PATH_MAX)
                return error_set(reterr, ENAMETOOLONG, "The path '%.80s…' is longer than %d bytes", path, PATH_MAX - 1);
        if (from_file && path[0] != '/')
                return error_set(reterr, EINVAL, "The path '%s' is not absolute", path);
        absolute = path_make_absolute(path);
        if (!absolute)
                return error_errno(reterr, errno, "Cannot tell the working directory");
        if (path_is_clean(absolute)) {
                *ret = TAKE_PTR(absolute);
                return 0;
        }
        resolved = realpath(absolute, NULL);
        if (!resolved)
                return error_errno(reterr, errno, "Cannot find '%s'", path);
        *ret = resolved;
        return 0;
}

int parse_directory(MachineConfig *c, const OptionValue *v, Error **reterr) {
        char *path = NULL; /* gcc at -O3 cannot follow errors through error_set() */
        int r = host_path(v->text, v->from_file, &path, reterr);

        if (r < 0)
                return r;
        free(c->directory);
        c->directory = path;
        return 0;
}

/* Of a name no more is said than that it can be one: what is looked for is cmd's and image's matter. */
int parse_image(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (!strchr(v->text, '/')) {
                if (!*v->text || v->text[0] == '.' || !string_is_clean(v->text) || strlen(v->text) > NAME_MAX)
                        return error_set(reterr, EINVAL, "'%.80s' is neither an image's name nor a path with a '/' in it", v->text);
                return replace_string(field_string(c, v->option->field), v->text, reterr);
        }
        r = host_path(v->text, v->from_file, &path, reterr);
        return r < 0 ? r : replace_string(field_string(c, v->option->field), path, reterr);
}

int parse_root_hash(MachineConfig *c, const OptionValue *v, Error **reterr) {
        size_t n = strlen(v->text);

        if (n < 32 || n > 128 || n % 2 != 0 || strspn(v->text, "0123456789abcdefABCDEF") != n)
                return error_set(reterr, EINVAL, "'%.80s' is not a root hash: 32 to 128 hexadecimal digits", v->text);
        return replace_string(field_string(c, v->option->field), v->text, reterr);
}

int parse_verity_data(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        int r = host_path(v->text, v->from_file, &path, reterr);

        return r < 0 ? r : replace_string(field_string(c, v->option->field), path, reterr);
}

int parse_volatile(MachineConfig *c, const OptionValue *v, Error **reterr) {
        int mode, r;
        bool b;

        if (parse_bool(v->text, &b) >= 0) {
                c->volatility = b ? VOLATILE_YES : VOLATILE_NO;
                return 0;
        }
        r = enum_parse(volatile_mode_names, v->text, &mode, reterr);
        if (r >= 0)
                c->volatility = (VolatileMode) mode;
        return r;
}

int parse_machine(MachineConfig *c, const OptionValue *v, Error **reterr) {
        int r = machine_name_check(v->text, reterr);

        return r < 0 ? r : replace_string(&c->machine, v->text, reterr);
}

int parse_hostname(MachineConfig *c, const OptionValue *v, Error **reterr) {
        if (!machine_name_is_valid(v->text))
                return error_set(reterr, EINVAL, "'%.80s' is not a host name: 1 to 64 letters, digits, '-' and '.' between them",
                                 v->text);
        return replace_string(&c->hostname, v->text, reterr);
}

int parse_uuid(MachineConfig *c, const OptionValue *v, Error **reterr) {
        static const uint8_t zero[16];
        uint8_t id[16];

        if (parse_id128(v->text, id) < 0 || memcmp(id, zero, sizeof(id)) == 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a machine id: 32 hexadecimal digits, dashes allowed, not all zero",
                                 v->text);
        memcpy(c->id, id, sizeof(c->id));
        c->id_set = true;
        return 0;
}

int parse_init(MachineConfig *c, const OptionValue *v, Error **reterr) {
        int kind, r;

        if (strchr(v->text, '/')) {
                if (!path_is_clean(v->text))
                        return error_set(reterr, EINVAL, "'%.200s' is not an absolute path without '.' and '..'", v->text);
        } else {
                r = enum_parse(init_kind_names, v->text, &kind, reterr);
                if (r < 0)
                        return error_hint(reterr, r, "With a slash it is the path, inside, of what is executed as PID 1.");
        }
        return replace_string(&c->init, v->text, reterr);
}

static bool env_name_is_valid(const char *s, size_t n) {
        return n > 0 && n < 256 && !strchr(DIGITS, s[0]) && strspn(s, LETTERS DIGITS "_") >= n;
}

/* NAME=VALUE, or NAME alone where `inherit`: with our own value. */
static int add_variable(MachineConfig *c, const char *text, bool inherit, Error **reterr) {
        const char *eq = strchr(text, '='), *value;
        size_t n = eq ? (size_t) (eq - text) : strlen(text);
        _cleanup_free_ char *assignment = NULL;

        if (!env_name_is_valid(text, n) || (!eq && !inherit))
                return error_set(reterr, EINVAL, "'%.80s' is not NAME=VALUE with a NAME of letters, digits and '_'", text);
        value = eq ? eq + 1 : getenv(text);
        if (!value)
                return 0; /* as nspawn: what the caller does not have is not passed on */
        if (!string_is_clean(value))
                return error_set(reterr, EINVAL, "The value of %.*s has control characters", (int) n, text);
        if (asprintf(&assignment, "%.*s=%s", (int) n, text, value) < 0 || strv_env_set(&c->environment, assignment) < 0)
                return error_oom(reterr);
        return 0;
}

int parse_setenv(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        int r;

        if (!v->from_file)
                return add_variable(c, v->text, true, reterr);
        r = split_words(v->text, &words, reterr);
        for (char **w = words; r >= 0 && w && *w; w++)
                r = add_variable(c, *w, false, reterr);
        return r;
}

static int check_user(const char *name, size_t n, const char *what, Error **reterr) {
        char digits[16];
        uint64_t id;

        if (n == 0 || n > 256 || name[0] == '-' || strcspn(name, ":/ ") < n)
                return error_set(reterr, EINVAL, "'%.*s' is not a %s: a name of at most 256 bytes without ':', '/' and blanks, or a number",
                                 (int) (n > 80 ? 80 : n), name, what);
        if (strspn(name, DIGITS) < n)
                return 0;
        snprintf(digits, sizeof(digits), "%.*s", (int) n, name);
        if (n >= sizeof(digits) || parse_u64(digits, UINT32_MAX - 1, &id) < 0)
                return error_set(reterr, ERANGE, "'%.*s' is not a %s id: 0 to %u", (int) (n > 80 ? 80 : n), name, what, UINT32_MAX - 1);
        return 0;
}

int parse_user(MachineConfig *c, const OptionValue *v, Error **reterr) {
        const char *colon = strchr(v->text, ':');
        int r;

        if (!string_is_clean(v->text))
                return error_set(reterr, EINVAL, "'%.80s' has control characters", v->text);
        r = check_user(v->text, colon ? (size_t) (colon - v->text) : strlen(v->text), "user", reterr);
        if (r >= 0 && colon)
                r = check_user(colon + 1, strlen(colon + 1), "group", reterr);
        return r < 0 ? r : replace_string(&c->user, v->text, reterr);
}

int parse_chdir(MachineConfig *c, const OptionValue *v, Error **reterr) {
        if (!path_is_clean(v->text))
                return error_set(reterr, EINVAL, "'%.200s' is not an absolute path without '.' and '..'", v->text);
        return replace_string(&c->chdir, v->text, reterr);
}

/* What it means is the policy's matter; it is written into a file of the kernel's as one line. */
int parse_label(MachineConfig *c, const OptionValue *v, Error **reterr) {
        if (!*v->text || strlen(v->text) > 1024 || !string_is_clean(v->text))
                return error_set(reterr, EINVAL, "'%.80s' is not a label: 1 to 1024 bytes without control characters", v->text);
        return replace_string(field_string(c, v->option->field), v->text, reterr);
}

int parse_kill_signal(MachineConfig *c, const OptionValue *v, Error **reterr) {
        if (parse_signal(v->text, &c->kill_signal) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a signal: a name such as SIGTERM or SIGRTMIN+3, or a number", v->text);
        return 0;
}

static const struct {
        const char *name;
        uint64_t usec;
} time_units[] = {
        { "us", 1 }, { "usec", 1 },
        { "ms", 1000 }, { "msec", 1000 },
        { "", 1000000 }, { "s", 1000000 }, { "sec", 1000000 }, { "second", 1000000 }, { "seconds", 1000000 },
        { "m", 60000000 }, { "min", 60000000 }, { "minute", 60000000 }, { "minutes", 60000000 },
        { "h", 3600000000 }, { "hr", 3600000000 }, { "hour", 3600000000 }, { "hours", 3600000000 },
        { "d", 86400000000 }, { "day", 86400000000 }, { "days", 86400000000 },
};

/* One "2min"; *s moves behind it. */
static int parse_duration_term(const char **s, uint64_t *ret) {
        size_t n = strspn(*s, DIGITS), unit_length;
        const char *unit = *s + n;
        char digits[24];
        uint64_t v;
        int r;

        if (n == 0 || n >= sizeof(digits))
                return -EINVAL;
        memcpy(digits, *s, n);
        digits[n] = 0;
        r = parse_u64(digits, UINT64_MAX, &v);
        if (r < 0)
                return r;
        unit += strspn(unit, " ");
        unit_length = strspn(unit, LETTERS);
        for (size_t i = 0; i < ELEMENTSOF(time_units); i++) {
                if (strlen(time_units[i].name) != unit_length || strncmp(time_units[i].name, unit, unit_length) != 0)
                        continue;
                if (v > (DURATION_INFINITY - 1) / time_units[i].usec)
                        return -ERANGE;
                *ret = v * time_units[i].usec;
                *s = unit + unit_length;
                *s += strspn(*s, " ");
                return 0;
        }
        return -EINVAL;
}

int parse_duration(const char *s, uint64_t *ret) {
        uint64_t sum = 0;

        if (strcmp(s, "infinity") == 0) {
                *ret = DURATION_INFINITY;
                return 0;
        }
        do {
                uint64_t v;
                int r = parse_duration_term(&s, &v);

                if (r < 0)
                        return r;
                if (v >= DURATION_INFINITY - sum)
                        return -ERANGE;
                sum += v;
        } while (*s);
        *ret = sum;
        return 0;
}

int parse_stop_timeout(MachineConfig *c, const OptionValue *v, Error **reterr) {
        if (parse_duration(v->text, &c->stop_timeout_usec) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a time: seconds, or numbers with us, ms, s, min, h or d, or infinity",
                                 v->text);
        return 0;
}

int parse_slice(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_free_ char *name = NULL;
        size_t n = strlen(v->text), stem;
        bool suffixed = n > 6 && strcmp(v->text + n - 6, ".slice") == 0;

        stem = suffixed ? n - 6 : n;
        if (n > 240 || stem == 0 || strspn(v->text, LETTERS DIGITS ":_.\\-") != n || v->text[0] == '-' || v->text[stem - 1] == '-' ||
            strstr(v->text, "--") || v->text[0] == '.')
                return error_set(reterr, EINVAL, "'%.80s' is not a slice: letters, digits, ':', '_', '.', '\\' and single '-' between them",
                                 v->text);
        if (asprintf(&name, "%s%s", v->text, suffixed ? "" : ".slice") < 0)
                return error_oom(reterr);
        return replace_string(&c->slice, name, reterr);
}

int parse_property(MachineConfig *c, const OptionValue *v, Error **reterr) {
        const char *eq = strchr(v->text, '=');
        size_t n = eq ? (size_t) (eq - v->text) : 0;

        if (n == 0 || n > 64 || strspn(v->text, LETTERS DIGITS) != n || !string_is_clean(v->text))
                return error_set(reterr, EINVAL, "'%.80s' is not NAME=VALUE with a property's NAME, such as MemoryMax=1G", v->text);
        return strv_append(&c->properties, v->text) < 0 ? error_oom(reterr) : 0;
}

/* BASE[:COUNT] */
static int parse_id_range(const char *s, uid_t *ret_base, uint32_t *ret_count) {
        _cleanup_free_ char *base = strdup(s);
        uint64_t b, n = 65536;
        char *colon;

        if (!base)
                return -ENOMEM;
        colon = strchr(base, ':');
        if (colon)
                *colon = 0;
        if (parse_u64(base, UINT32_MAX - 1, &b) < 0 || (colon && parse_u64(colon + 1, UINT32_MAX - 1, &n) < 0))
                return -EINVAL;
        /* 65535 and 4294967295 are "no id" to the kernel's older and newer calls. */
        if (n == 0 || b + n > UINT32_MAX)
                return -ERANGE;
        *ret_base = (uid_t) b;
        *ret_count = (uint32_t) n;
        return 0;
}

int parse_private_users(MachineConfig *c, const OptionValue *v, Error **reterr) {
        uid_t base = 0;
        uint32_t count = 0;
        int mode, r;
        bool b;

        /* A number on a command line is an id; in a file, 0 and 1 are no and yes: so systemd-nspawn has it. */
        if (v->text[0] && strchr(DIGITS, v->text[0]) && (!v->from_file || parse_bool(v->text, &b) < 0)) {
                r = parse_id_range(v->text, &base, &count);
                if (r == -ENOMEM)
                        return error_oom(reterr);
                if (r < 0)
                        return error_set(reterr, EINVAL, "'%.80s' is not BASE[:COUNT] with ids from 0 to %u, COUNT at least 1", v->text,
                                         UINT32_MAX - 1);
                mode = USERNS_FIXED;
        } else if (parse_bool(v->text, &b) >= 0)
                mode = b ? USERNS_PICK : USERNS_NO;
        else {
                r = enum_parse(userns_mode_names, v->text, &mode, reterr);
                if (r < 0)
                        return error_hint(reterr, r, "Or BASE[:COUNT], the first host id and how many.");
        }
        c->userns = (UserNamespaceMode) mode;
        c->uid_base = base;
        c->uid_range = count;
        return 0;
}

int parse_private_users_chown(MachineConfig *c, const OptionValue *v, Error **reterr) {
        bool b;

        if (parse_bool(v->text, &b) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is neither yes nor no", v->text);
        c->ownership = b ? OWNERSHIP_CHOWN : OWNERSHIP_OFF;
        return 0;
}

int parse_settings_mode(MachineConfig *c, const OptionValue *v, Error **reterr) {
        int mode, r;
        bool b;

        if (parse_bool(v->text, &b) >= 0)
                mode = b ? SETTINGS_YES : SETTINGS_NO;
        else {
                r = enum_parse(settings_mode_names, v->text, &mode, reterr);
                if (r < 0)
                        return r;
        }
        c->settings = (SettingsMode) mode;
        return 0;
}
