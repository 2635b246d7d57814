/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Within single quotes nothing but the single quote itself means anything to a shell, of whatever kind (POSIX, 2.2.2). */

#include "shell-word.h"

#include <string.h>

#include "cleanup.h"
#include "strv.h"

bool shell_word_is_plain(const char *s) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=@,+%";

        /* "=" first: zsh looks for a command of that name */
        return *s && *s != '=' && s[strspn(s, plain)] == 0;
}

char *shell_word(const char *s) {
        size_t quotes = 0;
        char *word, *at;

        if (shell_word_is_plain(s))
                return strdup(s);
        for (const char *p = s; *p; p++)
                quotes += *p == '\'';
        word = at = malloc(strlen(s) + 3 * quotes + 3);
        if (!word)
                return NULL;
        *at++ = '\'';
        for (const char *p = s; *p; p++)
                if (*p == '\'')
                        at = mempcpy(at, "'\\''", 4);
                else
                        *at++ = *p;
        *at++ = '\'';
        *at = 0;
        return word;
}

char *shell_words(char *const *words) {
        _cleanup_strv_ char **quoted = NULL;

        for (; words && *words; words++)
                if (strv_consume(&quoted, shell_word(*words)) < 0)
                        return NULL;
        return strv_join(quoted, " ");
}
