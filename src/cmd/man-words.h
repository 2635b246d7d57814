/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "words.h"

/* The rows of one kind, as a list of a manual page's: what is the same, what differs, what is refused. */
void man_put_words(WordOf of);
