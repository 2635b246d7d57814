/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table of what an OCI bundle's configuration may hold, held against the fields of the specification's schema (oci-schema.txt). */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "oci-fields.h"
#include "oci-load.h"
#include "words.h"

#include "unit.h"

static const char *const type_names[] = {
        [OCI_OBJECT] = "object", [OCI_LIST] = "array", [OCI_MAP] = "map", [OCI_TEXT] = "string", [OCI_BOOL] = "boolean",
        [OCI_INT32] = "int32", [OCI_UINT32] = "uint32", [OCI_INT64] = "int64", [OCI_UINT64] = "uint64",
};

static void has_every_field_of_the_schema(void **state _unused_) {
        _cleanup_fclose_ FILE *f = fopen(TEST_SOURCE_DIR "/tests/unit/oci-schema.txt", "re");
        char line[256], name[128], type[32], required[32];
        size_t n = 0;

        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                const OciField *field;
                int words;

                if (*line == '#')
                        continue;
                words = sscanf(line, "%127s %31s %31s", name, type, required);
                assert_true(words >= 2);
                field = oci_field_find(name);
                if (!field)
                        fail_msg("%s has no row", name);
                if (strcmp(type_names[field->type], type) != 0 || field->required != (words == 3))
                        fail_msg("%s is %s%s in the schema, and %s in the table", name, type, words == 3 ? ", required" : "", type_names[field->type]);
                n++;
        }
        /* Nor has the table any other. */
        assert_int_equal(n, n_oci_fields);
}

static void what_holds_others_has_a_row_for_them(void **state _unused_) {
        for (size_t i = 0; i < n_oci_fields; i++) {
                OciType type = oci_fields[i].type;
                char below[sizeof(oci_fields[i].name) + 3];

                if (type != OCI_LIST && type != OCI_MAP)
                        continue;
                snprintf(below, sizeof(below), "%s%s", oci_fields[i].name, type == OCI_LIST ? "[]" : ".*");
                if (!oci_field_find(below))
                        fail_msg("there is no %s", below);
        }
}

static void rows_stand_below_one_another(void **state _unused_) {
        for (size_t i = 0; i < n_oci_fields; i++) {
                _cleanup_free_ char *above = strdup(oci_fields[i].name);
                const char *remark = oci_fields[i].remark;
                const OciField *parent;
                char *end;

                assert_true(strlen(remark) > 1 && remark[strlen(remark) - 1] == '.');
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(oci_fields[i].name, oci_fields[j].name);
                end = strrchr(above, '.');
                if (strlen(above) > 2 && strcmp(above + strlen(above) - 2, "[]") == 0)
                        end = above + strlen(above) - 2;
                if (!end)
                        continue;
                *end = 0;
                parent = oci_field_find(above);
                if (!parent || parent > &oci_fields[i])
                        fail_msg("%s stands not behind %s", oci_fields[i].name, above);
                for (const OciField *f = parent + 1; f < &oci_fields[i]; f++)
                        if (strncmp(f->name, above, strlen(above)) != 0)
                                fail_msg("%s stands between %s and what is below it", f->name, above);
        }
}

/* A configuration with nothing but `value` at `name`, which is taken; NULL value: an empty one up to there. */
static json_t *configuration(const char *name, json_t *value) {
        _cleanup_free_ char *copy = strdup(name);
        size_t n = strlen(copy);
        char *dot;
        json_t *around;

        if (n > 2 && strcmp(copy + n - 2, "[]") == 0) {
                copy[n - 2] = 0;
                return configuration(copy, json_pack("[o]", value));
        }
        dot = strrchr(copy, '.');
        around = json_object();
        assert_int_equal(json_object_set_new(around, dot ? strcmp(dot + 1, "*") == 0 ? "key" : dot + 1 : copy, value), 0);
        if (!dot)
                return around;
        *dot = 0;
        return configuration(copy, around);
}

/* What it is called in messages: the items are counted, a map's key is its own. */
static const char *said(const char *name, char buf[256]) {
        size_t n = 0;

        for (const char *p = name; *p; p++)
                n += (size_t) snprintf(buf + n, 256 - n, strncmp(p, "[]", 2) == 0 ? "[0" : *p == '*' ? "key" : "%c", *p);
        return buf;
}

static json_t *something(OciType type) {
        switch (type) {
        case OCI_OBJECT:
        case OCI_MAP:
                return json_pack("{s:s}", "x", "y");
        case OCI_LIST:
                return json_pack("[s]", "x");
        case OCI_TEXT:
                return json_string("x");
        case OCI_BOOL:
                return json_true();
        default:
                return json_integer(1);
        }
}

/* The first on the way to a row that is refused, or NULL. */
static const OciField *refused_at(const OciField *f) {
        const OciField *found = NULL;

        for (size_t i = 0; i < n_oci_fields && !found; i++) {
                size_t n = strlen(oci_fields[i].name);

                if (oci_fields[i].how == OCI_REFUSED && strncmp(oci_fields[i].name, f->name, n) == 0 && (f->name[n] == 0 || strchr(".[", f->name[n])))
                        found = &oci_fields[i];
        }
        return found;
}

static void what_is_refused_is_refused_by_name(void **state _unused_) {
        char name[256], message[512];
        size_t n = 0;

        for (size_t i = 0; i < n_oci_fields; i++) {
                const OciField *refused = refused_at(&oci_fields[i]);
                json_t *config _cleanup_config_json_ = NULL;
                _cleanup_(error_freep) Error *error = NULL;

                if (!refused)
                        continue;
                config = configuration(oci_fields[i].name, something(oci_fields[i].type));
                assert_int_equal(oci_fields_check("", config, &error), -EOPNOTSUPP);
                snprintf(message, sizeof(message), "\"%s\" of the configuration is not taken: %.40s", said(refused->name, name), refused->remark);
                message[strlen(message) - 1] = 0;
                assert_error_says(error, message);
                n++;
        }
        assert_true(n > 10);
}

/* Of the wrong type, and null, for every row that is not refused. */
static void every_value_is_of_its_type(void **state _unused_) {
        char name[256], message[512];

        for (size_t i = 0; i < n_oci_fields; i++) {
                json_t *config _cleanup_config_json_ = NULL, *null _cleanup_config_json_ = NULL;
                _cleanup_(error_freep) Error *error = NULL, *other = NULL;
                const OciField *f = &oci_fields[i];

                if (refused_at(f))
                        continue;
                config = configuration(f->name, f->type == OCI_TEXT ? json_integer(1) : json_string("x"));
                assert_int_equal(oci_fields_check("", config, &error), -EBADMSG);
                snprintf(message, sizeof(message), "\"%s\" of the configuration is not ", said(f->name, name));
                assert_error_says(error, message);
                /* Lacks something by then, but not for this. */
                null = configuration(f->name, json_null());
                assert_int_equal(oci_fields_check("", null, &other), -EBADMSG);
                assert_error_says(other, strcmp(f->name + strlen(f->name) - 2, "[]") == 0 ? "is null" : "The configuration lacks ");
        }
}

static void numbers_keep_to_their_range(void **state _unused_) {
        static const struct {
                const char *name;
                json_int_t value;
        } wrong[] = {
                { "process.user.uid", -1 }, { "process.user.uid", 4294967296 }, { "process.oomScoreAdj", 2147483648 }, { "linux.uidMappings[].size", -5 },
        };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                json_t *config _cleanup_config_json_ = configuration(wrong[i].name, json_integer(wrong[i].value));
                _cleanup_(error_freep) Error *error = NULL;

                assert_int_equal(oci_fields_check("", config, &error), -EBADMSG);
                assert_error_says(error, "of the configuration is not a number of 32 bits");
        }
}

static void what_is_needed_is_missed(void **state _unused_) {
        char message[512], name[256];

        for (size_t i = 0; i < n_oci_fields; i++) {
                const OciField *f = &oci_fields[i];
                json_t *config _cleanup_config_json_ = NULL;
                _cleanup_(error_freep) Error *error = NULL;
                char *dot;

                if (!f->required || refused_at(f))
                        continue;
                /* What is above it, empty; the first that is missing there is named. */
                snprintf(name, sizeof(name), "%s", f->name);
                dot = strrchr(name, '.');
                if (dot)
                        *dot = 0;
                config = dot ? configuration(name, json_object()) : json_object();
                assert_int_equal(oci_fields_check("", config, &error), -EBADMSG);
                assert_true(snprintf(message, sizeof(message), "lacks \"%s%s", dot ? said(name, (char[256]){ 0 }) : "", dot ? "." : "") > 0);
                assert_error_says(error, message);
        }
}

/* What stderr got while an unknown member stood below `name`. */
static char *warned(const char *name) {
        json_t *config _cleanup_config_json_ = *name ? configuration(name, json_pack("{s:i}", "nonsense", 1)) : json_pack("{s:i}", "nonsense", 1);
        int saved = dup(STDERR_FILENO), fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        char *text = calloc(1, 1024);

        assert_true(saved >= 0 && fd >= 0 && text);
        assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
        oci_fields_check("", config, NULL);
        assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
        assert_true(pread(fd, text, 1023, 0) >= 0);
        close(saved);
        close(fd);
        return text;
}

static void what_is_unknown_is_said_and_no_error(void **state _unused_) {
        json_t *config _cleanup_config_json_ = json_pack("{s:s, s:{s:i}}", "ociVersion", "1.2.0", "freebsd", "devices", 1);
        _cleanup_(error_freep) Error *error = NULL;
        char name[256], message[512];

        assert_ok(oci_fields_check("", config, &error));
        for (size_t i = 0; i < n_oci_fields; i++) {
                _cleanup_free_ char *text = NULL;

                if (oci_fields[i].type != OCI_OBJECT || refused_at(&oci_fields[i]))
                        continue;
                text = warned(oci_fields[i].name);
                snprintf(message, sizeof(message), "\"%s.nonsense\", which is not in the specification, ignoring", said(oci_fields[i].name, name));
                if (!strstr(text, message))
                        fail_msg("said is: %s", text);
        }
}

static void a_part_is_checked_by_its_name(void **state _unused_) {
        json_t *good _cleanup_config_json_ = json_pack("{s:{s:I}}", "memory", "limit", (json_int_t) 1 << 40);
        json_t *bad _cleanup_config_json_ = json_pack("{s:{s:s}}", "memory", "limit", "1T");
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(oci_fields_check("linux.resources", good, &error));
        assert_int_equal(oci_fields_check("linux.resources", bad, &error), -EBADMSG);
        assert_error_says(error, "\"linux.resources.memory.limit\" of the configuration is not a whole number");
        assert_int_equal(oci_fields_check("process", good, NULL), -EBADMSG);
}

/* Refused is what asks for something. */
static void nothing_is_not_refused(void **state _unused_) {
        json_t *config _cleanup_config_json_ = json_pack("{s:s, s:n, s:{}, s:{s:{s:{s:b}, s:{s:[]}}, s:{}}}", "ociVersion", "1.0.0", "solaris", "windows", "linux", "resources",
                                                         "memory", "disableOOMKiller", 0, "network", "priorities", "intelRdt");
        _cleanup_(error_freep) Error *error = NULL;

        assert_non_null(config);
        assert_ok(oci_fields_check("", config, &error));
}

static json_t *load(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        json_t *j = NULL;

        if (oci_load(text, strlen(text), "It", &j, &error) < 0)
                fail_msg("%s: %s", text, error->message);
        return j;
}

static void loads_large_numbers(void **state _unused_) {
        static const struct {
                const char *text;
                uint64_t value;
        } numbers[] = {
                { "[0]", 0 }, { "[9223372036854775807]", INT64_MAX }, { "[9223372036854775808]", (uint64_t) INT64_MAX + 1 },
                { "[9999999999999999999]", 9999999999999999999U }, { "[18446744073709551615]", UINT64_MAX }, { "[-1]", UINT64_MAX },
                { "[-9223372036854775808]", (uint64_t) INT64_MAX + 1 },
        };

        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                json_t *j _cleanup_config_json_ = load(numbers[i].text);

                if ((uint64_t) json_integer_value(json_array_get(j, 0)) != numbers[i].value)
                        fail_msg("%s is %" JSON_INTEGER_FORMAT, numbers[i].text, json_integer_value(json_array_get(j, 0)));
        }
}

static void leaves_other_digits_alone(void **state _unused_) {
        json_t *j _cleanup_config_json_ = load("{\"18446744073709551615\":\"a\\\"18446744073709551615\",\"b\":1844674407370955161.5,\"c\":\"\\\\\",\"d\":12e3}");

        assert_string_equal(json_string_value(json_object_get(j, "18446744073709551615")), "a\"18446744073709551615");
        assert_true(json_is_real(json_object_get(j, "b")));
        assert_string_equal(json_string_value(json_object_get(j, "c")), "\\");
        assert_true(json_is_real(json_object_get(j, "d")));
}

static void refuses_what_is_not_json(void **state _unused_) {
        static const char *const bad[] = {
                "", "{", "\"", "\"\\", "[18446744073709551616]", "[-9223372036854775809]", "[99999999999999999999]", "{\"a\":1,\"a\":2}", "{} x", "[1] [2]",
                "[-18446744073709551615]", "[018446744073709551615]",
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                json_t *j = NULL;

                if (oci_load(bad[i], strlen(bad[i]), "It", &j, &error) != -EBADMSG)
                        fail_msg("'%s' is taken", bad[i]);
                assert_null(j);
                assert_error_says(error, "It is not JSON: ");
        }
}

/* A text that is as long as its place has no end. */
static void texts_have_room(void **state _unused_) {
        for (size_t i = 0; i < n_oci_fields; i++) {
                assert_int_equal(oci_fields[i].name[sizeof(oci_fields[i].name) - 1], 0);
                assert_int_equal(oci_fields[i].remark[sizeof(oci_fields[i].remark) - 1], 0);
        }
        for (size_t i = 0; i < nspawn_words.n; i++) {
                const Word *w = &nspawn_words.words[i];

                assert_int_equal(w->name[sizeof(w->name) - 1], 0);
                assert_int_equal(w->section[sizeof(w->section) - 1], 0);
                assert_int_equal(w->remark[sizeof(w->remark) - 1], 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_have_room),
                cmocka_unit_test(has_every_field_of_the_schema),
                cmocka_unit_test(what_holds_others_has_a_row_for_them),
                cmocka_unit_test(rows_stand_below_one_another),
                cmocka_unit_test(what_is_refused_is_refused_by_name),
                cmocka_unit_test(every_value_is_of_its_type),
                cmocka_unit_test(numbers_keep_to_their_range),
                cmocka_unit_test(what_is_needed_is_missed),
                cmocka_unit_test(what_is_unknown_is_said_and_no_error),
                cmocka_unit_test(a_part_is_checked_by_its_name),
                cmocka_unit_test(nothing_is_not_refused),
                cmocka_unit_test(loads_large_numbers),
                cmocka_unit_test(leaves_other_digits_alone),
                cmocka_unit_test(refuses_what_is_not_json),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
