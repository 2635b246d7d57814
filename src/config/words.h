/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* What becomes here of the words of systemd-nspawn and machinectl, as of systemd 252: one row for each option, settings key and verb of
 * theirs. The manual page nbox-words(7) prints the rows, a test holds them against the originals' own pages, and what a row refuses is refused
 * with its remark. The rows of systemd-nspawn are here, where options and keys are parsed; those of machinectl are in cmd/. */

typedef enum WordOf {
        WORD_NSPAWN_OPTION,
        WORD_NSPAWN_KEY,
        WORD_MACHINECTL_VERB,
        WORD_MACHINECTL_OPTION,
        WORD_OF_MAX,
} WordOf;

typedef enum WordHow {
        WORD_SAME,
        WORD_DIFFERS,
        WORD_REFUSED,
} WordHow;

/* Text in the row itself: a pointer to it would be a word of each process's own memory, for a table that few look at. */
typedef struct Word {
        WordOf of;
        char name[32];    /* without dashes or "="; empty: the letter alone */
        char letter;      /* of an option, or 0 */
        char section[16]; /* of a key; else empty */
        WordHow how;
        char remark[440]; /* whole sentences: what differs and why, or why it is refused and what to use; empty where it is the same */
} Word;

typedef struct WordList {
        const Word *words;
        size_t n;
} WordList;

extern const WordList nspawn_words;

/* The row of an option by `length` bytes of its name, or of a key in a section; NULL where there is none. */
const Word *word_find_option(const WordList *list, WordOf of, const char *name, size_t length);
const Word *word_find_key(const WordList *list, const char *section, const char *key);

/* For an option of systemd-nspawn that our own table does not have: its row, where that refuses it. */
const Word *word_refused_option(const char *name, size_t length);
const Word *word_refused_key(const char *section, const char *key);
