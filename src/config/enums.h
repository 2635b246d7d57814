/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Words that stand for enum values: parsing, printing, completion and error messages all read the same tables. */

typedef struct EnumName {
        const char *name; /* NULL ends a table */
        int value;        /* the first name of a value is the one that is printed */
} EnumName;

extern const EnumName start_mode_names[]; /* the verbs */
extern const EnumName init_kind_names[];
extern const EnumName network_kind_names[];
extern const EnumName nic_kind_names[];
extern const EnumName userns_mode_names[];
extern const EnumName ownership_mode_names[];
extern const EnumName selinux_mode_names[];
extern const EnumName resolv_conf_mode_names[];
extern const EnumName timezone_mode_names[];
extern const EnumName link_journal_mode_names[];
extern const EnumName lxcfs_mode_names[];
extern const EnumName volatile_mode_names[];
extern const EnumName console_mode_names[];
extern const EnumName oom_policy_names[];
extern const EnumName settings_mode_names[];
extern const EnumName protocol_names[];
extern const EnumName personality_names[];
extern const EnumName boolean_names[];
extern const EnumName bind_option_names[];
extern const EnumName ready_kind_names[]; /* with a colon where an argument follows */

extern const EnumName health_check_names[]; /* likewise */
extern const EnumName health_action_names[];

/* 0 or -EINVAL with an error that lists what is allowed. */
int enum_parse(const EnumName *table, const char *text, int *ret, Error **reterr);
const char *enum_to_string(const EnumName *table, int value);

/* "off, copy-host or auto"; the caller's, NULL on out of memory. */
char *enum_list(const EnumName *table);
