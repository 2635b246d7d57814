/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "error.h"
#include "strv.h"

/* machinectl's own command line, as of systemd 252: options before and behind the verb, long ones abbreviated, all of them for every verb,
 * whether it heeds them or not. So it is cut by the getopt_long(3) that machinectl cuts it by, complaints included, and not by our args.h,
 * which is stricter. */

#define ADDRESSES_ALL UINT_MAX

typedef enum MachinectlOutput {
        OUTPUT_TEXT,
        OUTPUT_JSON,
        OUTPUT_JSON_PRETTY,
} MachinectlOutput;

typedef struct MachinectlArgs {
        const char *verb;    /* "list" where none is given */
        char **operands;     /* NULL-terminated; of argv, which is reordered */
        int n_operands;
        bool help, version;

        bool all, full, value, quiet, no_legend, no_ask_password, read_only, mkdir, force;
        char **properties;   /* none: all */
        char **environment;  /* as they were given */
        const char *whom, *signal, *uid, *lines, *output, *verify, *format;
        unsigned max_addresses;
        MachinectlOutput json; /* what `output` means to a table */
        const char *host, *machine;
} MachinectlArgs;

/* argv[0] is the name for getopt's complaints. -EINVAL: *reterr is set, or, where getopt has complained itself, it is not. */
int machinectl_args_parse(int argc, char **argv, MachinectlArgs *ret, Error **reterr);

/* -H and -M of a command line, which say where all of it is to run: NULL where they are not given, or it is no command line of machinectl's.
 * argv stays as it is; they point into it. */
void machinectl_args_place(int argc, char *const *argv, const char **ret_host, const char **ret_machine);

void machinectl_args_done(MachinectlArgs *a);
