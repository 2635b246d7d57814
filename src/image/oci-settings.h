/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "oci-config.h"

/* An image's config as settings beside it (NAME.nspawn), and back.
 *
 * The config is a stranger's, and so is the file: only keys that are taken from a file beside an image are written, which say what runs
 * inside and nothing of the host, and each line has been through the parser that will read it. What cannot be written so (control
 * characters, names that are none) is left out. */

/* `origin` is what to say of where it came from. *ret_left_out, sentences for whoever imports it, clean: NULL for none; may be NULL. Both
 * are the caller's. */
int oci_settings_write(const OciConfig *c, const char *origin, char **ret, char ***ret_left_out, Error **reterr);

/* `init` is the path of the tree's init, which is what runs where the settings do not say otherwise; NULL: it has none. `path` is for
 * messages; text NULL: there are no settings. */
int oci_settings_read(const char *text, size_t size, const char *path, const char *init, OciConfig **ret, Error **reterr);
