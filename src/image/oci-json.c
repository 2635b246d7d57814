/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-json.h"

#include <string.h>

#include "strv.h"
#include "text.h"

int oci_json_load(const char *text, size_t size, size_t max, json_type type, const char *what, json_t **ret, Error **reterr) {
        json_t *j _cleanup_json_ = NULL;
        json_error_t why;

        if (size > max)
                return error_set(reterr, EFBIG, "%s is larger than %zu bytes", what, max);
        j = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
        if (j && json_typeof(j) != type)
                return error_set(reterr, EBADMSG, "%s is not a JSON %s", what, type == JSON_ARRAY ? "array" : "object");
        if (j) {
                *ret = TAKE_PTR(j);
                return 0;
        }
        /* Of jansson's text the part after " near '" is the stranger's. */
        return error_set(reterr, EBADMSG, "%s is not JSON: %.*s (line %d)", what, (int) strcspn(why.text, "'"),
                         string_is_clean(why.text) ? why.text : "", why.line);
}

/* 1 when it is there. */
static int member(json_t *object, const char *key, json_type type, json_t **ret, Error **reterr) {
        static const char *const names[] = { [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string" };
        json_t *j = json_object_get(object, key);

        *ret = NULL;
        if (!j || json_is_null(j))
                return 0;
        if (json_typeof(j) != type)
                return error_set(reterr, EBADMSG, "Its \"%s\" is not %s", key, names[type]);
        *ret = j;
        return 1;
}

int oci_json_string(json_t *object, const char *key, const char **ret, Error **reterr) {
        json_t *j;
        int r = member(object, key, JSON_STRING, &j, reterr);

        *ret = r > 0 ? json_string_value(j) : NULL;
        return r < 0 ? r : 0;
}

int oci_json_object(json_t *object, const char *key, json_t **ret, Error **reterr) {
        int r = member(object, key, JSON_OBJECT, ret, reterr);

        return r < 0 ? r : 0;
}

int oci_json_array(json_t *object, const char *key, json_t **ret, Error **reterr) {
        int r = member(object, key, JSON_ARRAY, ret, reterr);

        return r < 0 ? r : 0;
}

/* Room for all at once: strv_append() would walk the array for each. */
static char **new_array(size_t n, Error **reterr) {
        char **v = calloc(n + 1, sizeof(*v));

        if (!v)
                error_oom(reterr);
        return v;
}

int oci_json_strings(json_t *object, const char *key, char ***ret, Error **reterr) {
        _cleanup_strv_ char **v = NULL;
        json_t *array;
        int r = member(object, key, JSON_ARRAY, &array, reterr);

        *ret = NULL;
        if (r <= 0)
                return r;
        v = new_array(json_array_size(array), reterr);
        if (!v)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(array); i++) {
                const char *s = json_string_value(json_array_get(array, i));

                if (!s)
                        return error_set(reterr, EBADMSG, "Its \"%s\" is not an array of strings", key);
                v[i] = strdup(s);
                if (!v[i])
                        return error_oom(reterr);
        }
        *ret = TAKE_PTR(v);
        return 0;
}

int oci_json_keys(json_t *object, const char *key, char ***ret, Error **reterr) {
        _cleanup_strv_ char **v = NULL;
        const char *name;
        json_t *map, *value;
        size_t i = 0;
        int r = member(object, key, JSON_OBJECT, &map, reterr);

        *ret = NULL;
        if (r <= 0)
                return r;
        v = new_array(json_object_size(map), reterr);
        if (!v)
                return -ENOMEM;
        json_object_foreach(map, name, value) {
                v[i] = strdup(name);
                if (!v[i++])
                        return error_oom(reterr);
        }
        strv_sort(v);
        *ret = TAKE_PTR(v);
        return 0;
}
