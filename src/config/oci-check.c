/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"
#include "oci-fields.h"
#include "text.h"

#define NAME_SIZE 512

/* Where one is: a step of the way from the top, and the row that it led to. Put into words only when something is to be said. */
typedef struct Place Place;
struct Place {
        const Place *above;
        const char *key; /* NULL: an item, which has a number */
        size_t item;
        const OciField *row; /* NULL at the top */
};

/* "process.rlimits[2].soft". Keys are a stranger's: bounded, and left out where they are not clean. Returns buf. */
static const char *place_text(const Place *at, char buf[NAME_SIZE]) {
        size_t n = 0;

        *buf = 0;
        if (at->above)
                n = strlen(place_text(at->above, buf));
        if (!at->above && at->row)
                snprintf(buf, NAME_SIZE, "%s", at->row->name);
        else if (at->key)
                snprintf(buf + n, NAME_SIZE - n, "%s%.100s", n > 0 ? "." : "", string_is_clean(at->key) ? at->key : "?");
        else if (at->above)
                snprintf(buf + n, NAME_SIZE - n, "[%zu]", at->item);
        return buf;
}

static bool is_below(const char *name, const char *above) {
        size_t n = strlen(above);

        return n == 0 || (strncmp(name, above, n) == 0 && (name[n] == '.' || name[n] == '['));
}

/* The row one step below: rows below one stand right behind it. */
static const OciField *row_below(const OciField *above, const char *step) {
        const char *prefix = above ? above->name : "";
        size_t n = strlen(prefix) + (above && *step != '[');

        for (const OciField *f = above ? above + 1 : oci_fields; f < oci_fields + n_oci_fields && is_below(f->name, prefix); f++)
                if (strcmp(f->name + n, step) == 0)
                        return f;
        return NULL;
}

/* What asks for nothing is no reason to refuse it. */
static bool is_nothing(const json_t *value) {
        switch (json_typeof(value)) {
        case JSON_NULL:
        case JSON_FALSE:
                return true;
        case JSON_STRING:
                return json_string_length(value) == 0;
        case JSON_ARRAY:
                return json_array_size(value) == 0;
        case JSON_OBJECT:
                return json_object_size(value) == 0;
        default:
                return false;
        }
}

static const struct {
        const char *name;
        json_type json;
        int64_t min, max;
} types[] = {
        [OCI_OBJECT] = { "an object", JSON_OBJECT, 0, 0 },
        [OCI_LIST] = { "an array", JSON_ARRAY, 0, 0 },
        [OCI_MAP] = { "an object", JSON_OBJECT, 0, 0 },
        [OCI_TEXT] = { "a string", JSON_STRING, 0, 0 },
        [OCI_BOOL] = { "true or false", JSON_FALSE, 0, 0 },
        [OCI_INT32] = { "a number of 32 bits", JSON_INTEGER, INT32_MIN, INT32_MAX },
        [OCI_UINT32] = { "a number of 32 bits without a sign", JSON_INTEGER, 0, UINT32_MAX },
        [OCI_INT64] = { "a whole number", JSON_INTEGER, INT64_MIN, INT64_MAX },
        [OCI_UINT64] = { "a whole number", JSON_INTEGER, INT64_MIN, INT64_MAX },
};

static bool fits(OciType type, const json_t *value) {
        json_type t = json_typeof(value);

        if (types[type].json == JSON_FALSE)
                return t == JSON_FALSE || t == JSON_TRUE;
        if (t != types[type].json)
                return false;
        return t != JSON_INTEGER || (json_integer_value(value) >= types[type].min && json_integer_value(value) <= types[type].max);
}

static int refuse(const Place *at, Error **reterr) {
        char name[NAME_SIZE];

        return error_set(reterr, EOPNOTSUPP, "\"%s\" of the configuration is not taken: %.*s", place_text(at, name), (int) strlen(at->row->remark) - 1,
                         at->row->remark);
}

static int check(const Place *at, const json_t *value, Error **reterr);

/* A member that must be there, where `row` says so and is of this object itself. */
static int check_required(const Place *at, const OciField *row, const json_t *object, Error **reterr) {
        size_t n = at->row ? strlen(at->row->name) + 1 : 0;
        char name[NAME_SIZE];
        const json_t *value;

        if (!row->required || strpbrk(row->name + n, ".["))
                return 0;
        value = json_object_get(object, row->name + n);
        if (value && !json_is_null(value))
                return 0;
        place_text(at, name);
        return error_set(reterr, EBADMSG, "The configuration lacks \"%s%s%s\"", name, *name ? "." : "", row->name + n);
}

/* By the specification an engine may write what no version of it has: that is no error, but it is said. */
static int check_member(const Place *at, const char *key, const json_t *value, Error **reterr) {
        bool map = at->row && at->row->type == OCI_MAP;
        const Place below = { .above = at, .key = key, .row = row_below(at->row, map ? "*" : key) };
        char name[NAME_SIZE];

        if (below.row)
                return check(&below, value, reterr);
        log_warning("The configuration has \"%s\", which is not in the specification, ignoring", place_text(&below, name));
        return 0;
}

static int check_object(const Place *at, const json_t *object, Error **reterr) {
        json_t *j = (json_t *) object; /* jansson's iterators take no const; nothing is changed */
        const char *prefix = at->row ? at->row->name : "", *key;
        json_t *value;
        int r;

        json_object_foreach(j, key, value) {
                r = check_member(at, key, value, reterr);
                if (r < 0)
                        return r;
        }
        for (const OciField *f = at->row ? at->row + 1 : oci_fields; f < oci_fields + n_oci_fields && is_below(f->name, prefix); f++) {
                r = check_required(at, f, object, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_items(const Place *at, const json_t *list, Error **reterr) {
        Place item = { .above = at, .row = row_below(at->row, "[]") };
        char name[NAME_SIZE];

        for (; item.item < json_array_size(list); item.item++) {
                const json_t *value = json_array_get(list, item.item);
                int r;

                if (json_is_null(value))
                        return error_set(reterr, EBADMSG, "\"%s\" of the configuration is null", place_text(&item, name));
                r = check(&item, value, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check(const Place *at, const json_t *value, Error **reterr) {
        char name[NAME_SIZE];

        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): lists and maps have a row for what is in them (a unit test) */
        if (at->row->how == OCI_REFUSED && !is_nothing(value))
                return refuse(at, reterr);
        if (json_is_null(value))
                return 0;
        if (!fits(at->row->type, value))
                return error_set(reterr, EBADMSG, "\"%s\" of the configuration is not %s", place_text(at, name), types[at->row->type].name);
        if (at->row->how == OCI_REFUSED)
                return 0;
        switch (at->row->type) {
        case OCI_OBJECT:
        case OCI_MAP:
                return check_object(at, value, reterr);
        case OCI_LIST:
                return check_items(at, value, reterr);
        default:
                return 0;
        }
}

int oci_fields_check(const char *name, const json_t *value, Error **reterr) {
        const Place at = { .row = *name ? oci_field_find(name) : NULL };

        if (at.row)
                return check(&at, value, reterr);
        if (!json_is_object(value))
                return error_set(reterr, EBADMSG, "The configuration is not a JSON object");
        return check_object(&at, value, reterr);
}
