/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What cmocka needs before its header, and a few checks that say what went wrong. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"

/* The call succeeds; else its error is printed. Needs `Error *error` in scope. */
#define assert_ok(call)                                                              \
        do {                                                                         \
                if ((call) < 0)                                                      \
                        fail_msg("%s: %s", #call, error ? error->message : "failed"); \
        } while (0)

/* The error of a failed call has a message with `text` in it. */
#define assert_error_says(e, text)                                                   \
        do {                                                                         \
                assert_non_null(e);                                                  \
                if (!strstr((e)->message, (text)))                                   \
                        fail_msg("'%s' does not say '%s'", (e)->message, (text));    \
        } while (0)
