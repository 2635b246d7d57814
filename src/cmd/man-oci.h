/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* For the man page nbox-oci(1): its verbs, the options before them, and what becomes of each field of a bundle's configuration. */

void man_put_oci_options(void);
void man_put_oci_verbs(void);
void man_put_oci_fields(void);
