/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-environment.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

#define TERM_MAX 32

const char *guest_own_term(void) {
        const char *term = getenv("TERM");

        return term && *term && *term != '-' && strlen(term) <= TERM_MAX && string_is_clean(term) ? term : GUEST_TERM;
}
