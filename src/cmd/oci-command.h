/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "args.h"
#include "error.h"
#include "verb.h"

/* `nbox oci VERB`, and the same under the name nbox-oci, which engines are given: an OCI runtime's command line (nbox-oci(1)), as runc's and
 * crun's has become what engines write. It is a command line of its own below ours: options that hold for all stand before the verb. */

/* One struct for all verbs: each takes what its options fill. */
typedef struct OciWords {
        const char *root, *log;    /* before the verb; root is never NULL */
        bool log_json, debug, systemd_cgroup, no_cgroup;

        const char *bundle, *pid_file, *console_socket, *process, *cwd, *user, *format, *resources, *apparmor, *selinux;
        char **environment, **capabilities; /* strv */
        const char *limits[16];    /* of update, by number of its option */
        bool force, all, detach, tty, no_pivot, no_new_keyring, no_new_privileges, quiet, stats, keep, help, version;
        unsigned preserve_fds, interval;
        char **operands;           /* NULL-terminated */
        int n_operands;
} OciWords;

typedef struct OciVerb {
        const char *name, *arguments, *help;
        int min, max;              /* operands; -1: any number, and options end at the second */
        const VerbOption *options; /* ends with an empty one */
        int (*run)(const OciWords *w, Error **reterr);
} OciVerb;

extern const OciVerb oci_verbs[]; /* ends with .name = NULL */
extern const VerbOption oci_global_options[];

/* An option's id to its field: 0 or -EINVAL. */
int oci_words_take(OciWords *w, int id, const char *value, Error **reterr);

int oci_verb_create(const OciWords *w, Error **reterr);
int oci_verb_start(const OciWords *w, Error **reterr);
int oci_verb_state(const OciWords *w, Error **reterr);
int oci_verb_kill(const OciWords *w, Error **reterr);
int oci_verb_delete(const OciWords *w, Error **reterr);
int oci_verb_list(const OciWords *w, Error **reterr);
int oci_verb_run(const OciWords *w, Error **reterr);
int oci_verb_spec(const OciWords *w, Error **reterr);
int oci_verb_exec(const OciWords *w, Error **reterr);
int oci_verb_ps(const OciWords *w, Error **reterr);
int oci_verb_pause(const OciWords *w, Error **reterr);
int oci_verb_resume(const OciWords *w, Error **reterr);
int oci_verb_update(const OciWords *w, Error **reterr);
int oci_verb_events(const OciWords *w, Error **reterr);
int oci_verb_features(const OciWords *w, Error **reterr);
