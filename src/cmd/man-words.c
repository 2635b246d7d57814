/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "man-words.h"

#include <stdio.h>

#include "man-text.h"
#include "word-lists.h"

static void put_name(const Word *w) {
        char letter[3] = { '-', w->letter, 0 };

        puts(".TP");
        if (w->letter)
                put_bold(letter);
        if (w->letter && *w->name)
                fputs(", ", stdout);
        if (*w->name) {
                fputs("\\fB", stdout);
                if (w->of == WORD_NSPAWN_OPTION || w->of == WORD_MACHINECTL_OPTION)
                        put_text("--");
                put_text(w->name);
                fputs(*w->section ? "=\\fR" : "\\fR", stdout);
        }
        if (*w->section)
                printf(" in [%s]", w->section);
        putchar('\n');
}

static void put_word(const Word *w) {
        static const char *const hows[] = { [WORD_SAME] = "The same.", [WORD_DIFFERS] = "Differs.", [WORD_REFUSED] = "Refused." };

        put_name(w);
        puts(hows[w->how]);
        if (*w->remark)
                put_paragraph(w->remark);
}

void man_put_words(WordOf of) {
        for (const WordList *const *list = word_lists; *list; list++)
                for (size_t i = 0; i < (*list)->n; i++)
                        if ((*list)->words[i].of == of)
                                put_word(&(*list)->words[i]);
}
