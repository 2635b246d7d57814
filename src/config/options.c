/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <string.h>

#include "provenance.h"
#include "words.h"

int option_next(ArgCursor *a, const ArgSpec **ret, const char **ret_value, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        const Word *w = NULL;
        const char *word;
        int r;

        *ret = NULL;
        r = args_next(a, option_table(), ret, ret_value, &error);
        if (r >= 0)
                return r;
        word = a->argv[a->next - 1];
        if (!*ret && strncmp(word, "--", 2) == 0)
                w = word_refused_option(word + 2, strcspn(word + 2, "="));
        if (w)
                return error_set(reterr, EINVAL, "Option --%s is not taken: %s", w->name, w->remark);
        return error_pass(reterr, r, &error);
}

const Option *option_find_key(const char *section, const char *key) {
        for (size_t i = 0; i < n_options; i++)
                if (options[i].key && strcmp(options[i].section, section) == 0 && strcmp(options[i].key, key) == 0)
                        return &options[i];
        return NULL;
}

bool option_section_exists(const char *section) {
        for (size_t i = 0; i < n_options; i++)
                if (options[i].section && strcmp(options[i].section, section) == 0)
                        return true;
        return false;
}

int option_store(MachineConfig *c, const OptionValue *v, Error **reterr) {
        int r = v->option->parse(c, v, reterr);

        return r < 0 ? r : provenance_add(c, v, reterr);
}
