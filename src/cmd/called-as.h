/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Called by another program's name, nbox takes that one's command line: systemd-nspawn or machinectl, as the links in PREFIX/lib/nbox/bin
 * have it (meson option compat_links), and an OCI runtime's as nbox-oci. A command line is only translated into ours: there is no second way to do anything. What differs all
 * the same is in nbox-words(7). Their failures are status 1, whatever failed. */

/* Whether argv[0] is such a name: 1, with *ret the command line that nbox is to run instead (argv[0] is "nbox"; the caller's, a strv).
 * 0: it is not. */
int called_as(int argc, char **argv, char ***ret, Error **reterr);

/* One each; argc and argv as they were given. */
int called_as_nspawn(int argc, char **argv, char ***ret, Error **reterr);
int called_as_machinectl(int argc, char **argv, char ***ret, Error **reterr);
int called_as_oci(int argc, char **argv, char ***ret, Error **reterr);
