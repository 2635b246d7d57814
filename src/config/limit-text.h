/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sched.h>
#include <sys/resource.h>

#include "enums.h"

/* Resource limits, scores and CPUs as text. */

extern const EnumName limit_names[]; /* "RLIMIT_CPU", …: by their numbers of setrlimit(2) */

/* "VALUE" or "SOFT:HARD", each a number in the limit's own unit or "infinity": sizes take a suffix of bytes, RLIMIT_CPU and
 * RLIMIT_RTTIME times with units, RLIMIT_NICE also "+5" for a nice value. -EINVAL or -ERANGE, with an error. */
int limit_parse(int resource, const char *text, struct rlimit *ret, Error **reterr);

/* "0-3,8", with blanks or commas. 0, -EINVAL, or -ERANGE for a number beyond all CPUs. */
int cpu_list_parse(const char *text, cpu_set_t *ret);
