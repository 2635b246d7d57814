/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

const FuzzTarget fuzz_targets[] = {
#define T(id) { #id, fuzz_##id },
        FUZZ_TARGETS
#undef T
        {},
};

const FuzzTarget *fuzz_target_find(const char *name, size_t length) {
        for (const FuzzTarget *t = fuzz_targets; t->name; t++)
                if (strlen(t->name) == length && memcmp(t->name, name, length) == 0)
                        return t;
        return NULL;
}

void fuzz_settle(void) {
        (void) signal(SIGPIPE, SIG_IGN); /* as main() has it */
        if (setenv("NBOX_LOG_LEVEL", "error", 1) < 0 || setenv("TZ", "UTC", 1) < 0 || setenv("LC_ALL", "C.UTF-8", 1) < 0 ||
            unsetenv("NOTIFY_SOCKET") < 0)
                _exit(1);
}
