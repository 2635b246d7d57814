/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"
#include "verb.h"

int main(int argc, char **argv) {
        _cleanup_(error_freep) Error *error = NULL;
        const Verb *verb;
        int r;

        verb = argc > 1 ? verb_find(argv[1]) : NULL;
        if (!verb) {
                log_error("Usage: nbox VERB …");
                return 1;
        }
        r = verb->run(argc - 1, argv + 1, &error);
        if (r < 0) {
                log_report(LOG_LEVEL_ERROR, r, error);
                return verb->flags & VERB_RUNS ? 125 : 1;
        }
        return r;
}
