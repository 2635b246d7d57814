/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Keys that take several words a line, Parameters= and Environment=: split as systemd.nspawn(5) does, at white space,
 * with '…' and "…" around what belongs together. A backslash takes the next character as it stands, within "…" and outside quotes. */

#include <string.h>

#include "values.h"

#define BLANKS " \t"

/* One word from *s into out; -EINVAL on a quote that is not closed or a backslash at the end. */
static int next_word(const char **s, char *out) {
        const char *p = *s;
        char quote = 0;

        for (; *p && (quote || !strchr(BLANKS, *p)); p++) {
                if (quote ? *p == quote : *p == '\'' || *p == '"') {
                        quote = quote ? 0 : *p;
                        continue;
                }
                if (*p == '\\' && quote != '\'') {
                        if (!*++p)
                                return -EINVAL;
                }
                *out++ = *p;
        }
        *out = 0;
        *s = p;
        return quote ? -EINVAL : 0;
}

int split_words(const char *s, char ***ret, Error **reterr) {
        _cleanup_strv_ char **words = NULL;

        for (s += strspn(s, BLANKS); *s; s += strspn(s, BLANKS)) {
                char *word = malloc(strlen(s) + 1);
                int r;

                if (!word)
                        return error_oom(reterr);
                r = next_word(&s, word);
                if (r < 0) {
                        free(word);
                        return error_set(reterr, EINVAL, "A quote is not closed, or a backslash stands at the end");
                }
                if (strv_consume(&words, word) < 0)
                        return error_oom(reterr);
        }
        *ret = TAKE_PTR(words);
        return 0;
}

int parse_parameters(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        int r = split_words(v->text, &words, reterr);

        if (r < 0)
                return r;
        for (char **w = words; w && *w; w++)
                if (strv_append(&c->parameters, *w) < 0)
                        return error_oom(reterr);
        return 0;
}
