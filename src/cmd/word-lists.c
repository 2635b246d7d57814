/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "word-lists.h"

const WordList *const word_lists[] = { &nspawn_words, &machinectl_words, NULL };
