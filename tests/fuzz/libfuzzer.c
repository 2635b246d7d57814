/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One program that is all targets, so that what they share is built and linked once: it is the one that it is called, fuzz-TARGET. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static const FuzzTarget *target;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
        const char *name = *argc > 0 ? strrchr((*argv)[0], '-') : NULL;

        target = name ? fuzz_target_find(name + 1, strlen(name + 1)) : NULL;
        if (!target) {
                fprintf(stderr, "Which target? Call it fuzz-TARGET (a link will do).\n");
                exit(2);
        }
        fuzz_settle();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        target->run(data, size);
        return 0;
}
