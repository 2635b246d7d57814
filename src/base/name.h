/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* Names that come from users, files and buses, checked before anything is made of them. */

#define MACHINE_NAME_MAX 64 /* systemd-machined refuses longer ones (HOST_NAME_MAX on Linux) */

/* A machine's name is a host name: 1 to 64 of [A-Za-z0-9.-], no dot or dash at an end, no two dots in a row,
 * as systemd-machined has it (machine_name_is_valid() = hostname_is_valid()). */
bool machine_name_is_valid(const char *name);

/* As above, with an Error that says which rule is broken. 0 or -EINVAL. */
int machine_name_check(const char *name, Error **reterr);

/* Turn any file name into a valid machine name ("my_tree@2" -> "mytree2"); -EINVAL where nothing is left. */
int machine_name_from_path(const char *path, char **ret, Error **reterr);

/* Escape as systemd-escape(1) does: "web-1" -> "web\x2d1". NULL on out of memory. */
char *unit_name_escape(const char *name);
