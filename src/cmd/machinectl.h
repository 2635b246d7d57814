/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "machinectl-args.h"
#include "machinectl-facts.h"

/* nbox called as machinectl: what its verbs print where that is not what ours do, since scripts read it; and what is asked of
 * systemd-machined for machines of others. All else is our own verbs. */

/* machinectl-machines.c */
int machinectl_list(const MachinectlArgs *a, Error **reterr);
int machinectl_show(const MachinectlArgs *a, Error **reterr);
int machinectl_status(const MachinectlArgs *a, Error **reterr);

/* machinectl-images.c */
int machinectl_list_images(const MachinectlArgs *a, Error **reterr);
int machinectl_show_image(const MachinectlArgs *a, Error **reterr);
int machinectl_image_status(const MachinectlArgs *a, Error **reterr);

/* machinectl-acts.c */
int machinectl_stop(const MachinectlArgs *a, Error **reterr); /* poweroff, stop, reboot, terminate, kill */
int machinectl_enter(const MachinectlArgs *a, Error **reterr); /* login, shell */
int machinectl_files(const MachinectlArgs *a, Error **reterr); /* copy-to, copy-from, bind */

/* Properties as `show` prints them: NAME=VALUE, or VALUE; empty ones with --all alone. */
typedef struct PropertyPrinter {
        char *const *wanted; /* NULL: all */
        bool all, value;
} PropertyPrinter;

void print_property(const PropertyPrinter *p, const char *name, const char *fmt, ...) _printf_(3, 4);
void print_time_property(const PropertyPrinter *p, const char *name, uint64_t usec);

/* "Mon 2026-11-23 01:32:58 UTC", "" for 0. Returns buf. */
#define TIME_TEXT_MAX 64
const char *time_text(uint64_t usec, char buf[TIME_TEXT_MAX]);

/* "10.0M", "512B"; "" for what is not known (UINT64_MAX). Returns buf. */
#define BYTES_TEXT_MAX 32
const char *bytes_text(uint64_t bytes, char buf[BYTES_TEXT_MAX]);

/* A line "   Label: value" of status and image-status. Returns nothing for an empty value. */
void print_field(const char *label, const char *value);
void print_time_field(const char *label, uint64_t usec);

/* What `show` without a name prints. */
int print_pool(const PropertyPrinter *p, Error **reterr);
