/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "remote.h"
#include "verb.h"

/* What may stand in place of the word that is being typed. A candidate is always a whole word: what was typed before the part
 * that is being completed ("--network=zone:", "alice@") comes first in it. */
typedef struct Completion {
        const Verb *verb;
        char **words; /* of the verb, before the current one; words[0] is the verb */
        int n_words;
        const char *word; /* the current one */
        size_t done;      /* how many of its bytes are settled */
} Completion;

/* The part that is being completed, and the same with more settled: all up to the last `separator` in it, if any. */
const char *complete_part(const Completion *c);
Completion complete_behind(const Completion *c, char separator);

/* Print a candidate, if it begins as what is typed does. `about` may be NULL. */
void complete_offer(const Completion *c, const char *word, const char *about);
void complete_offer_paths(const Completion *c, bool directories);

/* The values of an option; a port that is to be published. */
void complete_values(const Completion *c, const ArgSpec *spec);
void complete_new_port(const Completion *c);
void complete_resource(const Completion *c); /* WORD=VALUE of `nbox set` */
void complete_new_nic(const Completion *c);

/* Machines and images (complete-machines.c). Those that stand among the operands already are left out. */
void complete_running(const Completion *c);
void complete_images(const Completion *c);
void complete_known_images(const Completion *c); /* the same, each once */
void complete_startable(const Completion *c); /* images, and what has settings, that do not run */
void complete_disabled(const Completion *c);  /* the same, those that do not start with the host */
void complete_enabled(const Completion *c);
void complete_with_settings(const Completion *c); /* names that have a settings file */
void complete_zones(const Completion *c);
void complete_snapshots_of(const Completion *c, const char *image);
void complete_users_of(const Completion *c, const char *machine);
void complete_nics_of(const Completion *c, const char *machine);  /* by their names inside */
void complete_ports_of(const Completion *c, const char *machine);
void complete_devices_of(const Completion *c, const char *machine); /* that it has */
void complete_mounted(const Completion *c); /* where images are mounted */
void complete_binds_of(const Completion *c, const char *machine); /* that were made while it runs */
void complete_devices_of(const Completion *c, const char *machine); /* that it publishes */

/* complete-remote.c: what the other nbox has for the words of its command line, and hosts that ssh knows. */
void complete_elsewhere(const Completion *c, const Remote *where, char *const *words);
void complete_hosts(const Completion *c);
