/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "oci-config.h"
#include "oci-settings.h"
#include "options.h"
#include "settings.h"

#include "unit.h"

static OciConfig *parse(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        OciConfig *c = NULL;

        if (oci_config_parse(text, strlen(text), &c, &error) < 0)
                fail_msg("'%s' is refused: %s", text, error->message);
        return c;
}

static void refused(const char *text, const char *message) {
        _cleanup_(error_freep) Error *error = NULL;
        OciConfig *c = NULL;

        assert_true(oci_config_parse(text, strlen(text), &c, &error) < 0);
        assert_null(c);
        assert_error_says(error, message);
}

static char *settings_of(const char *config, char ***ret_left_out) {
        _cleanup_(oci_config_freep) OciConfig *c = parse(config);
        char *text = NULL;

        assert_int_equal(oci_settings_write(c, "web.oci", &text, ret_left_out, NULL), 0);
        return text;
}

/* What a machine would be started with: nothing is warned about, for nothing is left to be. */
static MachineConfig *started(StartMode mode, const char *text) {
        _cleanup_free_ char *copy = strdup(text);
        _cleanup_(error_freep) Error *error = NULL;
        MachineConfig *c = config_new(mode);

        if (settings_parse(c, "web.nspawn", false, copy, strlen(copy), &error) < 0)
                fail_msg("'%s' cannot be read: %s", text, error->message);
        return c;
}

static const char whole[] =
        "{\"created\":\"2020-01-01T00:00:00Z\",\"architecture\":\"arm64\",\"os\":\"linux\",\"config\":{"
        "\"User\":\"web:adm\",\"ExposedPorts\":{\"80/tcp\":{},\"443/tcp\":{}},\"Env\":[\"PATH=/bin:/usr/bin\",\"WORDS=a 'b' \\\"c\\\" \\\\\",\"EMPTY=\"],"
        "\"Entrypoint\":[\"/entry point\",\"\"],\"Cmd\":[\"-c\",\"it's; echo $HOME\\\\\"],\"Volumes\":{\"/var/b\":{},\"/var/a\":{}},"
        "\"WorkingDir\":\"/srv/w w\",\"Labels\":{\"maintainer\":\"A = B\"},\"StopSignal\":\"SIGRTMIN+3\"},"
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]},"
        "\"history\":[{\"created_by\":\"x\"}]}";

static void reads_a_config(void **state _unused_) {
        _cleanup_(oci_config_freep) OciConfig *c = parse(whole), *empty = parse("{}"), *nulls = parse("{\"config\":{\"Cmd\":null,\"User\":\"\"}}");

        assert_string_equal(c->entrypoint[0], "/entry point");
        assert_string_equal(c->entrypoint[1], "");
        assert_string_equal(c->command[1], "it's; echo $HOME\\");
        assert_string_equal(c->volumes[0], "/var/a");
        assert_string_equal(c->ports[0], "443/tcp");
        assert_string_equal(c->labels[0], "maintainer=A = B");
        assert_string_equal(c->architecture, "arm64");
        assert_int_equal(strv_length(c->diff_ids), 1);
        assert_null(empty->command);
        assert_null(nulls->command);
        assert_null(nulls->user);
}

static void refuses_other_forms(void **state _unused_) {
        _cleanup_free_ char *deep = NULL, *large = malloc(OCI_CONFIG_SIZE_MAX + 2);
        _cleanup_(error_freep) Error *error = NULL;
        OciConfig *c = NULL;

        refused("", "not JSON");
        refused("[]", "not a JSON object");
        refused("{\"config\":", "not JSON");
        refused("{} x", "not JSON");
        refused("{\"config\":[]}", "\"config\" is not an object");
        refused("{\"config\":{\"Cmd\":\"sh\"}}", "\"Cmd\" is not an array");
        refused("{\"config\":{\"Cmd\":[1]}}", "\"Cmd\" is not an array of strings");
        refused("{\"config\":{\"User\":0}}", "\"User\" is not a string");
        refused("{\"config\":{\"Env\":[\"A=\\u0000\"]}}", "not JSON");
        refused("{\"config\":{\"User\":\"a\",\"User\":\"b\"}}", "not JSON");
        refused("{\"config\":{\"Labels\":{\"a\":1}}}", "label");
        refused("{\"rootfs\":{\"diff_ids\":[\"sha256:../../etc/passwd\"]}}", "diff_ids");
        refused("{\"rootfs\":{\"diff_ids\":[\"\"]}}", "diff_ids");
        refused("{\"config\":\"\xff\"}", "not JSON");

        deep = malloc(200001);
        assert_non_null(deep);
        memset(deep, '[', 200000);
        deep[200000] = 0;
        refused(deep, "not JSON");

        assert_non_null(large);
        memset(large, ' ', OCI_CONFIG_SIZE_MAX + 1);
        assert_int_equal(oci_config_parse(large, OCI_CONFIG_SIZE_MAX + 1, &c, &error), -EFBIG);
}

static void becomes_settings(void **state _unused_) {
        _cleanup_strv_ char **left_out = NULL;
        _cleanup_free_ char *text = settings_of(whole, &left_out);
        _cleanup_(config_freep) MachineConfig *run = started(START_RUN, text), *boot = started(START_BOOT, text);

        assert_null(left_out);
        assert_int_equal(strv_length(run->parameters), 4);
        assert_string_equal(run->parameters[0], "/entry point");
        assert_string_equal(run->parameters[1], "");
        assert_string_equal(run->parameters[3], "it's; echo $HOME\\");
        assert_int_equal(strv_length(run->environment), 3);
        assert_string_equal(run->environment[1], "WORDS=a 'b' \"c\" \\");
        assert_string_equal(run->environment[2], "EMPTY=");
        assert_string_equal(run->user, "web:adm");
        assert_string_equal(run->chdir, "/srv/w w");
        assert_int_equal(run->kill_signal, SIGRTMIN + 3);
        assert_int_equal(strv_length(run->volumes), 2);
        assert_null(boot->parameters); /* they are no init's */
        assert_int_equal(boot->boot, 0);
}

static void an_init_is_booted(void **state _unused_) {
        _cleanup_free_ char *text = settings_of("{\"config\":{\"Cmd\":[\"/sbin/init\",\"--unit=x\"]}}", NULL);
        _cleanup_(config_freep) MachineConfig *run = started(START_RUN, text), *boot = started(START_BOOT, text);

        assert_null(run->parameters);
        assert_int_equal(strv_length(boot->parameters), 1);
        assert_string_equal(boot->parameters[0], "--unit=x");
        assert_int_equal(boot->boot, 1);
}

static void comes_back(void **state _unused_) {
        static const char *const configs[] = {
                whole,
                "{\"config\":{\"Cmd\":[\"sh\"]}}",
                "{\"config\":{\"Entrypoint\":[\"sh\"]}}",
                "{\"config\":{\"Entrypoint\":[\"/sbin/init\"]}}",
                "{}",
        };

        for (size_t i = 0; i < ELEMENTSOF(configs); i++) {
                _cleanup_(oci_config_freep) OciConfig *a = parse(configs[i]), *b = NULL, *c = NULL;
                _cleanup_free_ char *text = settings_of(configs[i], NULL), *json = NULL, *again = NULL;

                assert_int_equal(oci_settings_read(text, strlen(text), "web.nspawn", NULL, &b, NULL), 0);
                assert_true(strv_length(b->command) == strv_length(a->command) || i == 3);
                assert_true(strv_length(b->entrypoint) == strv_length(a->entrypoint) || i == 3);
                assert_int_equal(strv_length(b->environment), strv_length(a->environment));
                assert_int_equal(strv_length(b->labels), strv_length(a->labels));
                assert_int_equal(strv_length(b->ports), strv_length(a->ports));
                assert_int_equal(oci_config_text(b, NULL, &json, NULL), 0);
                c = parse(json);
                assert_int_equal(oci_settings_write(c, "web.oci", &again, NULL, NULL), 0);
                if (i != 3 && (!strstr(again, "Architecture=") == !strstr(text, "Architecture=")))
                        assert_string_equal(again, text);
        }
}

static void an_init_that_nobody_names(void **state _unused_) {
        static const char text[] = "[Exec]\nEnvironment=A=1\n", app[] = "[Exec]\nBoot=no\nParameters=a\n";
        _cleanup_(oci_config_freep) OciConfig *plain = NULL, *settled = NULL, *program = NULL, *none = NULL;

        assert_int_equal(oci_settings_read(NULL, 0, NULL, "/sbin/init", &plain, NULL), 0);
        assert_string_equal(plain->command[0], "/sbin/init");
        assert_int_equal(oci_settings_read(text, strlen(text), "x", "/sbin/init", &settled, NULL), 0);
        assert_string_equal(settled->command[0], "/sbin/init");
        assert_string_equal(settled->environment[0], "A=1");
        assert_int_equal(oci_settings_read(app, strlen(app), "x", "/sbin/init", &program, NULL), 0);
        assert_string_equal(program->command[0], "a");
        assert_int_equal(oci_settings_read(NULL, 0, NULL, NULL, &none, NULL), 0);
        assert_null(none->command);
}

/* All bytes of the file are looked at, and no others. */
static void settings_with_a_nul(void **state _unused_) {
        static const char text[] = "\0\0\0[Exec]\nBoot=no\n";
        _cleanup_(error_freep) Error *error = NULL;
        OciConfig *c = NULL;

        assert_int_equal(oci_settings_read(text, sizeof(text) - 1, "web.nspawn", NULL, &c, &error), -EBADMSG);
        assert_error_says(error, "control byte 0x00");
        assert_null(c);
}

/* Whatever stands in a config, its settings can be read, and none of it reaches for more than what lies beside an image may say. */
static void hostile_values(void **state _unused_) {
        static const char config[] =
                "{\"config\":{\"User\":\"root\\n[Files]\\nBind=/:/host\",\"WorkingDir\":\"../../etc\",\"StopSignal\":\"9\\nPrivateUsers=no\","
                "\"Env\":[\"A=1\\n[Exec]\\nPrivateUsers=no\",\"=x\",\"no.name=1\",\"B=\\u001b[31m\",\"GOOD=yes\"],"
                "\"Cmd\":[\"sh\",\"-c\",\"a\\nb\"],\"Volumes\":{\"/\":{},\"relative\":{},\"/a/../b\":{},\"/ok\\\\\":{},\"/ok\":{}},"
                "\"ExposedPorts\":{\"80\\n[Exec]\\nCapability=all\":{}},\"Labels\":{\"a\\nb\":\"c\",\"good\":\"x\"}},"
                "\"architecture\":\"amd64\\n[Exec]\\nBoot=yes\"}";
        _cleanup_strv_ char **left_out = NULL;
        _cleanup_free_ char *text = settings_of(config, &left_out);
        _cleanup_(config_freep) MachineConfig *c = started(START_RUN, text);

        assert_int_equal(strv_length(c->environment), 1);
        assert_string_equal(c->environment[0], "GOOD=yes");
        assert_null(c->parameters);
        assert_null(c->user);
        assert_null(c->chdir);
        assert_int_equal(strv_length(c->volumes), 1);
        assert_int_equal(c->userns, USERNS_UNSET);
        assert_int_equal(c->n_binds, 0);
        assert_true(strv_length(left_out) >= 12);
        assert_non_null(strstr(text, "# Environment 'no.name'"));
        for (size_t i = 0; i < n_options; i++)
                if (options[i].key && (options[i].flags & OPTION_PRIVILEGED)) {
                        _cleanup_free_ char *line = NULL;

                        assert_true(asprintf(&line, "\n%s=", options[i].key) > 0);
                        assert_null(strstr(text, line));
                }
}

static void too_much(void **state _unused_) {
        _cleanup_(oci_config_freep) OciConfig *c = parse("{}");
        _cleanup_strv_ char **left_out = NULL;
        _cleanup_free_ char *text = NULL;
        char value[1024];

        memset(value, 'x', sizeof(value));
        memcpy(value, "A0=", 3);
        value[sizeof(value) - 1] = 0;
        for (int i = 0; i < 200; i++) {
                value[1] = (char) ('a' + i % 26);
                assert_int_equal(strv_append(&c->environment, value), 0);
        }
        assert_int_equal(oci_settings_write(c, NULL, &text, &left_out, NULL), 0);
        assert_true(strlen(text) <= SETTINGS_SIZE_MAX);
        assert_true(strlen(text) > SETTINGS_SIZE_MAX / 2);
        assert_int_equal(strv_length(left_out), 21); /* the last one says how many more */
        config_free(started(START_RUN, text));
}

/* More than who reads the settings takes: some are left out, and the image starts. */
static void too_many(void **state _unused_) {
        _cleanup_(oci_config_freep) OciConfig *c = parse("{}");
        _cleanup_(config_freep) MachineConfig *read = NULL;
        _cleanup_strv_ char **left_out = NULL;
        _cleanup_free_ char *text = NULL;
        char volume[16];

        for (int i = 0; i < 100; i++) {
                snprintf(volume, sizeof(volume), "/v/%d", i);
                assert_int_equal(strv_append(&c->volumes, volume), 0);
        }
        assert_int_equal(oci_settings_write(c, NULL, &text, &left_out, NULL), 0);
        assert_string_equal(left_out[0], "Volume '/v/64': there are too many of its kind");
        read = started(START_RUN, text);
        assert_int_equal(strv_length(read->volumes), 64);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_a_config),
                cmocka_unit_test(refuses_other_forms),
                cmocka_unit_test(becomes_settings),
                cmocka_unit_test(an_init_is_booted),
                cmocka_unit_test(comes_back),
                cmocka_unit_test(an_init_that_nobody_names),
                cmocka_unit_test(settings_with_a_nul),
                cmocka_unit_test(hostile_values),
                cmocka_unit_test(too_much),
                cmocka_unit_test(too_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
