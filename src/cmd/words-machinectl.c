/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Verbs and options of machinectl(1), version 252. */

#include "cleanup.h"
#include "word-lists.h"

static const Word words[] = {
        { .of = WORD_MACHINECTL_VERB, .name = "list", .how = WORD_SAME },
};

const WordList machinectl_words = { words, ELEMENTSOF(words) };
