/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Words as sh(1) reads them back: for commands that people copy, and for a shell at the other end of a connection. */

/* Whether a shell reads the text as one word that is just that. */
bool shell_word_is_plain(const char *s);

/* The word as it is, where it is plain, or in single quotes; any byte but NUL survives. The caller's; NULL on out of memory. */
char *shell_word(const char *s);

/* All of them, blanks between. The caller's; NULL on out of memory. */
char *shell_words(char *const *words);
