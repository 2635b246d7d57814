/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "called-as.h"
#include "machinectl-args.h"
#include "remote.h"
#include "strv.h"
#include "verb.h"

/* Command lines, NULs between the words: cut into verb, options and operands as every verb does it, but nothing is done. The same words
 * as those of machinectl and systemd-nspawn. */

#define WORDS_MAX 32

static void cut(const Verb *verb, int argc, char **argv) {
        _cleanup_(error_freep) Error *error = NULL;
        VerbArgs a = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&a, &error)) > 0)
                ;
        fuzz_check_error(r, error);
        if (r == 0)
                for (int i = 0; i < a.n_operands; i++)
                        fuzz_check(a.operands[i]);
        fuzz_check(a.verb == verb);
}

/* argv is reordered: each gets its own. */
static char **argv_of(char **words, char *store[WORDS_MAX + 2]) {
        size_t n = strv_length(words);

        for (size_t i = 0; i <= n; i++)
                store[i] = words[i];
        store[n + 1] = NULL;
        return store;
}

static void as_ours(char **words, int argc) {
        char *store[WORDS_MAX + 2], **argv = argv_of(words, store);
        int skip = 0;
        const Verb *verb = verb_find_words(argv, argc, &skip);

        if (!verb)
                return;
        (void) verb_option_given(verb, argc - skip, argv + skip, "json");
        if (!(verb->flags & VERB_CONFIG)) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(remote_words_done) RemoteWords split = {};
                int r = remote_words_split(verb, argc - skip, argv + skip, &split, &error);

                fuzz_check_error(r, error);
                cut(verb, argc - skip, argv + skip);
        }
}

static void as_others(char **words, int argc) {
        char *store[WORDS_MAX + 2];
        _cleanup_(error_freep) Error *error = NULL, *second = NULL, *third = NULL;
        _cleanup_strv_ char **nspawn = NULL, **machinectl = NULL;
        _cleanup_(machinectl_args_done) MachinectlArgs args = {};
        const char *host, *machine;
        int r = called_as_nspawn(argc, argv_of(words, store), &nspawn, &error);

        fuzz_check(r < 0 || (nspawn && strcmp(nspawn[0], "nbox") == 0));
        r = called_as_machinectl(argc, argv_of(words, store), &machinectl, &second);
        fuzz_check(r < 0 || (machinectl && strcmp(machinectl[0], "nbox") == 0));
        machinectl_args_place(argc, argv_of(words, store), &host, &machine);
        (void) machinectl_args_parse(argc, argv_of(words, store), &args, &third);
}

void fuzz_verbs(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        _cleanup_strv_ char **words = NULL;

        while ((in.size > 0 || !words) && strv_length(words) < WORDS_MAX)
                fuzz_check(strv_consume(&words, fuzz_string(&in)) >= 0);
        as_ours(words, (int) strv_length(words));
        as_others(words, (int) strv_length(words));
}
