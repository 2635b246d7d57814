/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-spec.h"

#include <string.h>

#include "path.h"
#include "strv.h"
#include "text.h"
#include "values.h"

static const char letters[] = "rwm"; /* in the order of the bits */

const char *device_access_to_string(unsigned access) {
        static const char *const names[] = { "", "r", "w", "rw", "m", "rm", "wm", "rwm" };

        return access < ELEMENTSOF(names) ? names[access] : "";
}

int device_access_parse(const char *text, unsigned *ret) {
        unsigned access = 0;

        for (const char *p = text; *p; p++) {
                const char *letter = strchr(letters, *p);

                if (!letter || access & 1U << (letter - letters))
                        return -EINVAL;
                access |= 1U << (letter - letters);
        }
        if (access == 0)
                return -EINVAL;
        *ret = access;
        return 0;
}

char *colon_next_field(const char **s) {
        char *out = malloc(strlen(*s) + 1), *o = out;
        const char *p = *s;

        if (!out)
                return NULL;
        for (; *p && *p != ':'; p++) {
                if (*p == '\\' && p[1])
                        p++;
                *o++ = *p;
        }
        *o = 0;
        *s = *p ? p + 1 : NULL;
        return out;
}

char *colon_escape(const char *s) {
        char *out = malloc(2 * strlen(s) + 1), *o = out;

        if (!out)
                return NULL;
        for (; *s; s++) {
                if (*s == ':' || *s == '\\')
                        *o++ = '\\';
                *o++ = *s;
        }
        *o = 0;
        return out;
}

bool path_is_below_dev(const char *path) {
        return path_is_clean(path) && strncmp(path, "/dev/", 5) == 0 && path[5 + strspn(path + 5, "/")];
}

static int set_destination(DeviceSpec *s, const char *text, Error **reterr) {
        const char *path = text ?: s->source;

        if (!path_is_below_dev(path)) {
                error_set(reterr, EINVAL, "The device '%.200s' has no place below /dev in the machine", path);
                return error_hint(reterr, -EINVAL, "Say where: PATH:/dev/NAME");
        }
        return string_set(&s->destination, path) < 0 ? error_oom(reterr) : 0;
}

static int fill(DeviceSpec *s, const char *text, bool from_file, Error **reterr) {
        _cleanup_free_ char *source = NULL, *destination = NULL, *access = NULL;
        const char *rest = text;
        int r;

        s->access = DEVICE_READ | DEVICE_WRITE;
        s->optional = *text == '-';
        rest += s->optional;
        source = colon_next_field(&rest);
        destination = rest ? colon_next_field(&rest) : NULL;
        access = rest ? colon_next_field(&rest) : NULL;
        if (!source)
                return error_oom(reterr);
        if (!*source || rest)
                return error_set(reterr, EINVAL, "It is PATH, PATH:DEST or PATH:DEST:PERMISSIONS; a ':' in a path is written '\\:'");
        r = host_path(source, from_file, &s->source, reterr);
        if (r >= 0)
                r = set_destination(s, destination && *destination ? destination : NULL, reterr);
        if (r >= 0 && access && device_access_parse(access, &s->access) < 0)
                r = error_set(reterr, EINVAL, "The permissions '%.40s' are not of the letters r (read), w (write) and m (make nodes)", access);
        return r;
}

int device_spec_parse(const char *text, bool from_file, DeviceSpec *ret, Error **reterr) {
        DeviceSpec s = {};
        int r = string_is_clean(text) ? fill(&s, text, from_file, reterr) : error_set(reterr, EINVAL, "It has control characters in it");

        if (r < 0) {
                device_spec_done(&s);
                return r;
        }
        *ret = s;
        return 0;
}

void device_spec_done(DeviceSpec *s) {
        free(s->source);
        free(s->destination);
        *s = (DeviceSpec){};
}

char *device_spec_format(const DeviceSpec *s) {
        _cleanup_free_ char *source = colon_escape(s->source), *destination = colon_escape(s->destination);
        char *text;

        if (!source || !destination || asprintf(&text, "%s%s:%s:%s", s->optional ? "-" : "", source, destination,
                                                device_access_to_string(s->access)) < 0)
                return NULL;
        return text;
}

int parse_device(MachineConfig *c, const OptionValue *v, Error **reterr) {
        DeviceSpec s;
        char *text;
        int r = device_spec_parse(v->text, v->from_file, &s, reterr);

        if (r < 0)
                return r;
        text = device_spec_format(&s);
        device_spec_done(&s);
        return !text || strv_consume(&c->devices, text) < 0 ? error_oom(reterr) : 0;
}
