/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor-distribution.h"

#include <fcntl.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "tree.h"

typedef struct Family {
        const char *id;
        Packager packager;
} Family;

static const Family families[] = {
        { "debian", PACKAGER_APT }, { "ubuntu", PACKAGER_APT }, { "fedora", PACKAGER_DNF }, { "rhel", PACKAGER_DNF }, { "centos", PACKAGER_DNF },
        { "arch", PACKAGER_PACMAN }, { "suse", PACKAGER_ZYPPER }, { "opensuse", PACKAGER_ZYPPER }, { "sles", PACKAGER_ZYPPER },
        { "alpine", PACKAGER_APK },
};

static const char *const install_commands[PACKAGERS] = {
        [PACKAGER_APT] = "apt-get install -y",   [PACKAGER_DNF] = "dnf install -y", [PACKAGER_PACMAN] = "pacman -S --noconfirm --needed",
        [PACKAGER_ZYPPER] = "zypper install -y", [PACKAGER_APK] = "apk add",
};

/* "opensuse-leap" begins with a family's id and a dash. */
static Packager packager_of(const char *word, size_t n) {
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                size_t length = strlen(families[i].id);

                if (n >= length && strncmp(word, families[i].id, length) == 0 && (n == length || word[length] == '-'))
                        return families[i].packager;
        }
        return PACKAGER_UNKNOWN;
}

/* The first of a line's words that is known. */
static Packager packager_of_line(const char *value, const char *end) {
        static const char between[] = " \t\"'";

        while (value < end) {
                size_t n = strcspn(value, " \t\"'\n");
                Packager p = packager_of(value, n);

                if (p != PACKAGER_UNKNOWN)
                        return p;
                value += n;
                value += strspn(value, between);
        }
        return PACKAGER_UNKNOWN;
}

static Packager packager_of_key(const char *text, const char *key) {
        size_t n = strlen(key);

        for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (strncmp(line, key, n) == 0 && line[n] == '=')
                        return packager_of_line(line + n + 1, line + strcspn(line, "\n"));
        return PACKAGER_UNKNOWN;
}

Distribution distribution_of_text(const char *text) {
        Packager p = packager_of_key(text, "ID");

        return (Distribution){ p != PACKAGER_UNKNOWN ? p : packager_of_key(text, "ID_LIKE") };
}

Distribution distribution_of_host(void) {
        static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_free_ char *text = NULL;

                if (file_read(AT_FDCWD, paths[i], OS_RELEASE_MAX, &text) >= 0)
                        return distribution_of_text(text);
        }
        return (Distribution){ PACKAGER_UNKNOWN };
}

char *distribution_install(Distribution d, const Package *package) {
        char *command;

        if (d.packager == PACKAGER_UNKNOWN || !package->names[d.packager] ||
            asprintf(&command, "%s %s", install_commands[d.packager], package->names[d.packager]) < 0)
                return NULL;
        return command;
}

/* Those with grub; behind the sed. */
static const char *const grub_commands[PACKAGERS] = {
        [PACKAGER_APT] = "update-grub",
        [PACKAGER_PACMAN] = "grub-mkconfig -o /boot/grub/grub.cfg",
        [PACKAGER_ZYPPER] = "grub2-mkconfig -o /boot/grub2/grub.cfg",
};

char *distribution_kernel_argument(Distribution d, const char *argument) {
        char *command;
        int r = -1;

        if (d.packager == PACKAGER_DNF)
                r = asprintf(&command, "grubby --update-kernel=ALL --args=%s && reboot", argument);
        else if (d.packager != PACKAGER_UNKNOWN && grub_commands[d.packager])
                r = asprintf(&command, "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&%s /' /etc/default/grub && %s && reboot", argument, grub_commands[d.packager]);
        return r < 0 ? NULL : command;
}
