/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <string.h>

const Word *word_find_option(const WordList *list, WordOf of, const char *name, size_t length) {
        for (size_t i = 0; i < list->n; i++) {
                const Word *w = &list->words[i];

                if (w->of == of && strlen(w->name) == length && strncmp(w->name, name, length) == 0)
                        return w;
        }
        return NULL;
}

const Word *word_find_key(const WordList *list, const char *section, const char *key) {
        for (size_t i = 0; i < list->n; i++) {
                const Word *w = &list->words[i];

                if (w->of == WORD_NSPAWN_KEY && strcmp(w->section, section) == 0 && strcmp(w->name, key) == 0)
                        return w;
        }
        return NULL;
}

static const Word *if_refused(const Word *w) {
        return w && w->how == WORD_REFUSED ? w : NULL;
}

const Word *word_refused_option(const char *name, size_t length) {
        return if_refused(word_find_option(&nspawn_words, WORD_NSPAWN_OPTION, name, length));
}

const Word *word_refused_key(const char *section, const char *key) {
        return if_refused(word_find_key(&nspawn_words, section, key));
}
