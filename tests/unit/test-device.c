/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>

#include "device-changes.h"
#include "devices.h"

#include "unit.h"

static DeviceSpec parsed(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        DeviceSpec s = {};

        if (device_spec_parse(text, true, &s, &error) < 0)
                fail_msg("'%s' is refused: %s", text, error->message);
        return s;
}

static void refused(const char *text, const char *message) {
        _cleanup_(error_freep) Error *error = NULL;
        DeviceSpec s = {};

        if (device_spec_parse(text, true, &s, &error) >= 0)
                fail_msg("'%s' is accepted", text);
        assert_error_says(error, message);
}

static void words(void **state _unused_) {
        static const struct {
                const char *text, *source, *destination, *access, *formatted;
        } cases[] = {
                { "/dev/kvm", "/dev/kvm", "/dev/kvm", "rw", "/dev/kvm:/dev/kvm:rw" },
                { "/dev/loop0:/dev/disk/x", "/dev/loop0", "/dev/disk/x", "rw", "/dev/loop0:/dev/disk/x:rw" },
                { "/dev/loop0::r", "/dev/loop0", "/dev/loop0", "r", "/dev/loop0:/dev/loop0:r" },
                { "-/dev/dri:/dev/dri:mwr", "/dev/dri", "/dev/dri", "rwm", "-/dev/dri:/dev/dri:rwm" },
                { "/dev/disk/by-path/pci-0000\\:00:/dev/x", "/dev/disk/by-path/pci-0000:00", "/dev/x", "rw",
                  "/dev/disk/by-path/pci-0000\\:00:/dev/x:rw" },
                { "/srv/node:/dev/a\\\\b", "/srv/node", "/dev/a\\b", "rw", "/srv/node:/dev/a\\\\b:rw" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(device_spec_done) DeviceSpec s = parsed(cases[i].text), again = {};
                _cleanup_free_ char *text = device_spec_format(&s);

                assert_string_equal(s.source, cases[i].source);
                assert_string_equal(s.destination, cases[i].destination);
                assert_string_equal(device_access_to_string(s.access), cases[i].access);
                assert_string_equal(text, cases[i].formatted);
                again = parsed(text);
                assert_string_equal(again.destination, s.destination);
        }
}

static void wrong_words(void **state _unused_) {
        refused("", "It is PATH, PATH:DEST or PATH:DEST:PERMISSIONS");
        refused("/dev/a:/dev/b:rw:x", "It is PATH, PATH:DEST or PATH:DEST:PERMISSIONS");
        refused("/dev/a:/dev/b:", "are not of the letters");
        refused("/dev/a:/dev/b:rr", "are not of the letters");
        refused("/dev/a:/dev/b:x", "are not of the letters");
        refused("/srv/a", "no place below /dev");
        refused("/dev/a:/etc/b", "no place below /dev");
        refused("/dev/a:/dev", "no place below /dev");
        refused("/dev/a:/dev/", "no place below /dev");
        refused("/dev/a:/dev/../etc/x", "no place below /dev");
        refused("/dev/a:/developer", "no place below /dev");
        refused("/dev/a\nb", "control characters");
        refused("dev/a", "absolute");
}

static void texts_of_records(void **state _unused_) {
        static const char *const good[] = {
                "c 10:229 rw /dev/fuse:/dev/fuse", "b 7:0 r /dev/disk/x 0:/dev/loop0", "c 1:5 r,bound /srv/z:/dev/zero",
                "c 188:0 rwm /dev/a\\:b:/dev/serial/by-path/pci-0000\\:00",
        };
        static const char *const bad[] = {
                "", "c", "c 10:229", "c 10:229 rw", "x 10:229 rw /a:/b", "c 10 rw /a:/b", "c 10:x rw /a:/b", "c 10:1 rw /a", "c 10:1 rw a:/b",
                "c 10:1 rw /a:b", "c 10:1 rw,else /a:/b", "c 10:1 , /a:/b", "c 10:1 rw /a:/b:/c", "c 99999999999999:1 rw /a:/b",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_(device_done) MachineDevice d = {};
                _cleanup_free_ char *text = NULL;

                assert_int_equal(device_parse(good[i], &d), 0);
                text = device_format(&d);
                assert_string_equal(text, good[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                MachineDevice d = {};

                if (device_parse(bad[i], &d) != -EINVAL)
                        fail_msg("'%s' is accepted", bad[i]);
        }
}

static void looking(void **state _unused_) {
        DeviceSpec null = { .source = (char *) "/dev/null", .destination = (char *) "/dev/null", .access = DEVICE_READ },
                   again = { .source = (char *) "/dev/null", .destination = (char *) "/dev/other", .access = DEVICE_WRITE },
                   file = { .source = (char *) "/etc/passwd", .destination = (char *) "/dev/x", .access = DEVICE_READ },
                   absent = { .source = (char *) "/dev/absent", .destination = (char *) "/dev/x", .access = DEVICE_READ },
                   optional = absent;
        _cleanup_(device_list_done) DeviceList list = {};
        char path[DEVICE_UNIT_PATH_MAX];

        assert_int_equal(devices_resolve(&null, &list, NULL), 0);
        assert_int_equal(devices_resolve(&null, &list, NULL), -EEXIST);
        assert_int_equal(devices_resolve(&again, &list, NULL), 0);
        assert_int_equal(devices_resolve(&file, &list, NULL), -ENODEV);
        assert_int_equal(devices_resolve(&absent, &list, NULL), -ENOENT);
        optional.optional = true;
        assert_int_equal(devices_resolve(&optional, &list, NULL), 0);
        assert_int_equal(list.n, 2);
        assert_int_equal(device_list_access(&list, false, 1, 3), DEVICE_READ | DEVICE_WRITE);
        assert_int_equal(device_list_access(&list, true, 1, 3), 0);
        device_unit_path(list.items, path);
        assert_string_equal(path, "/dev/char/1:3");
        assert_int_equal(device_list_remove(&list, "/dev/null"), 1);
        assert_int_equal(device_list_remove(&list, "/dev/null"), 0);
        assert_string_equal(list.items[0].destination, "/dev/other");
}

static void changes_of_a_life(void **state _unused_) {
        static char *const from_settings[] = { (char *) "c 10:229 rw /dev/fuse:/dev/fuse", (char *) "c 10:232 rw /dev/kvm:/dev/kvm", NULL };
        _cleanup_(device_changes_done) DeviceChanges c = {};
        _cleanup_(device_list_done) DeviceList list = {};

        assert_int_equal(devices_from_text(from_settings, &list), 0);
        assert_int_equal(device_changes_remove(&c, "/dev/kvm"), 0);
        assert_int_equal(device_changes_add(&c, list.items), 0);
        assert_int_equal(c.added.n, 1);
        assert_int_equal(strv_length(c.removed), 1);
        /* What was added goes without a trace; what the settings have is to be remembered. */
        assert_int_equal(device_changes_remove(&c, "/dev/fuse"), 0);
        assert_int_equal(c.added.n, 0);
        assert_int_equal(strv_length(c.removed), 1);
        assert_int_equal(device_changes_remove(&c, "/dev/kvm"), 0);
        assert_int_equal(strv_length(c.removed), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(words),
                cmocka_unit_test(wrong_words),
                cmocka_unit_test(texts_of_records),
                cmocka_unit_test(looking),
                cmocka_unit_test(changes_of_a_life),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
