/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* How things are installed on this host, by the ID and ID_LIKE of its os-release(5). */

typedef enum Packager {
        PACKAGER_APT,
        PACKAGER_DNF,
        PACKAGER_PACMAN,
        PACKAGER_ZYPPER,
        PACKAGER_APK,
        PACKAGERS,
        PACKAGER_UNKNOWN = PACKAGERS,
} Packager;

typedef struct Distribution {
        Packager packager;
} Distribution;

/* A package by the names that it has with each; NULL: with that one there is none. */
typedef struct Package {
        const char *names[PACKAGERS];
} Package;

Distribution distribution_of_host(void);

/* The same of the text of an os-release file. */
Distribution distribution_of_text(const char *text);

/* The command that installs it, the caller's; NULL where it has no name here, or on out of memory. */
char *distribution_install(Distribution d, const Package *package);

/* The command that puts a word on the kernel's command line, likewise. */
char *distribution_kernel_argument(Distribution d, const char *argument);
