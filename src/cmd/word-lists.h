/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "words.h"

/* All rows of words.h: systemd-nspawn's stand in config/, machinectl's here, where verbs are. */

extern const WordList machinectl_words; /* words-machinectl.c */
extern const WordList *const word_lists[]; /* ends with NULL */
