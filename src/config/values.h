/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "options.h"

/* One parser an option (option-table.c). Each checks the shape of what it is given, all of which is hostile: control
 * bytes, relative paths, "..", lengths. A scalar that is given twice takes the later value, a list appends. */

int parse_as_nspawn(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_pivot_root(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_ignored(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_enum_field(MachineConfig *c, const OptionValue *v, Error **reterr); /* by option->values and ->field */
int parse_bool_field(MachineConfig *c, const OptionValue *v, Error **reterr);

int parse_root_hash(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_verity_data(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_directory(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_image(MachineConfig *c, const OptionValue *v, Error **reterr); /* a name or a path: by option->field */
int parse_volatile(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_machine(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_hostname(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_uuid(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_init(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_setenv(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_parameters(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_user(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_chdir(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_label(MachineConfig *c, const OptionValue *v, Error **reterr); /* an SELinux context, a profile: by option->field */
int parse_kill_signal(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_stop_timeout(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_ready(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_notify_ready(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_ready_wait(MachineConfig *c, const OptionValue *v, Error **reterr); /* these three: ready.c */
int parse_health(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_health_time(MachineConfig *c, const OptionValue *v, Error **reterr); /* by option->field */
int parse_health_retries(MachineConfig *c, const OptionValue *v, Error **reterr); /* these three: health-check.c */
int parse_slice(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_property(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_private_users(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_private_users_chown(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_system_call_filter(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_capabilities(MachineConfig *c, const OptionValue *v, Error **reterr); /* by option->field */
int parse_rlimit(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_limit(MachineConfig *c, const OptionValue *v, Error **reterr); /* by option->field */
int parse_oom_score_adjust(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_cpu_affinity(MachineConfig *c, const OptionValue *v, Error **reterr); /* these four: limit-text.c */
int parse_settings_mode(MachineConfig *c, const OptionValue *v, Error **reterr);

int parse_load_credential(MachineConfig *c, const OptionValue *v, Error **reterr); /* these four: credentials.c */
int parse_load_credential_encrypted(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_set_credential(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_set_credential_encrypted(MachineConfig *c, const OptionValue *v, Error **reterr);

int parse_bind(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_bind_ro(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_tmpfs(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_overlay(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_overlay_ro(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_volume(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_inaccessible(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_device(MachineConfig *c, const OptionValue *v, Error **reterr); /* device-spec.c */

int parse_network(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_nics(MachineConfig *c, const OptionValue *v, Error **reterr); /* by option->nic */
int parse_network_namespace(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_port_map(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_host_port(MachineConfig *c, const OptionValue *v, Error **reterr);
int parse_rate(MachineConfig *c, const OptionValue *v, Error **reterr);

/* Drop what parse_nics() has taken of this kind. */
void nics_reset(MachineConfig *c, NicKind kind);

/* A path of the host's, absolute and clean: relative ones begin at the working directory (refused in a file);
 * one with "." or ".." in it is resolved now, so it must be there. *ret is the caller's. */
int host_path(const char *path, bool from_file, char **ret, Error **reterr);

/* "90", "90s", "2min 30s", "infinity" to microseconds. 0, -EINVAL or -ERANGE. */
int parse_duration(const char *s, uint64_t *ret);

/* Words at white space, with quotes and backslashes as in a settings file; *ret is the caller's, NULL for none. */
int split_words(const char *s, char ***ret, Error **reterr);
