/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cleanup.h"
#include "doctor-distribution.h"
#include "unit.h"

static const struct {
        const char *text;
        Packager packager;
} systems[] = {
        { "ID=debian\n", PACKAGER_APT },
        { "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", PACKAGER_APT },
        { "ID=fedora\nID_LIKE=nobody", PACKAGER_DNF },
        { "ID=\"almalinux\"\nID_LIKE=\"rhel centos fedora\"\n", PACKAGER_DNF },
        { "ID='arch'\n", PACKAGER_PACMAN },
        { "ID=manjaro\nID_LIKE=arch\n", PACKAGER_PACMAN },
        { "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", PACKAGER_ZYPPER },
        { "ID=sled\nID_LIKE=suse\n", PACKAGER_ZYPPER },
        { "ID=alpine\n", PACKAGER_APK },
        { "ID=debianish\n", PACKAGER_UNKNOWN },
        { "ID_LIKE=\n", PACKAGER_UNKNOWN },
        { "", PACKAGER_UNKNOWN },
        { "ID=\"", PACKAGER_UNKNOWN },
        { "VERSION_ID=debian\n", PACKAGER_UNKNOWN },
};

static void each_is_known(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(systems); i++)
                if (distribution_of_text(systems[i].text).packager != systems[i].packager)
                        fail_msg("'%s' is %d", systems[i].text, (int) distribution_of_text(systems[i].text).packager);
}

static void a_package_has_its_names(void **state) {
        static const Package package = { { "one", "two", NULL, "four" } };
        _cleanup_free_ char *apt = distribution_install((Distribution){ PACKAGER_APT }, &package);
        _cleanup_free_ char *zypper = distribution_install((Distribution){ PACKAGER_ZYPPER }, &package);

        (void) state;
        assert_string_equal(apt, "apt-get install -y one");
        assert_string_equal(zypper, "zypper install -y four");
        assert_null(distribution_install((Distribution){ PACKAGER_PACMAN }, &package));
        assert_null(distribution_install((Distribution){ PACKAGER_UNKNOWN }, &package));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_is_known),
                cmocka_unit_test(a_package_has_its_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
