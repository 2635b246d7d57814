/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "capabilities.h"
#include "limit-text.h"
#include "options.h"
#include "start.h"
#include "verb-list.h"

/* --capability=help and the like: the words that an option takes, or NULL when nobody asks for them. */
static const EnumName *asked_for_words(int argc, char **argv) {
        static const struct {
                const char *option;
                const EnumName *words;
        } lists[] = {
                { "capability", capability_names }, { "drop-capability", capability_names }, { "ambient-capability", capability_names },
                { "rlimit", limit_names },
        };
        ArgCursor args = args_begin(argc, argv);
        const ArgSpec *spec;
        const char *value;

        while (args_next(&args, option_table(), &spec, &value, NULL) > 0)
                for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                        if (spec->name && value && strcmp(spec->name, lists[i].option) == 0 && strcmp(value, "help") == 0)
                                return lists[i].words;
        return NULL;
}

static int start(StartMode mode, int argc, char **argv, Error **reterr) {
        const EnumName *words = asked_for_words(argc, argv);

        for (const EnumName *w = words; w && w->name; w++)
                puts(w->name);
        return words ? 0 : start_machine(mode, argc, argv, reterr);
}

int verb_boot(int argc, char **argv, Error **reterr) {
        return start(START_BOOT, argc, argv, reterr);
}

int verb_run(int argc, char **argv, Error **reterr) {
        return start(START_RUN, argc, argv, reterr);
}
