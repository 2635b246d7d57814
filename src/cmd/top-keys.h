/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is typed on a terminal in raw mode, byte by byte: characters are as Unicode numbers them, control characters too (^C is 3); keys
 * that have none are numbered behind all of these. A key's bytes may come in any number of reads. */

enum {
        KEY_NONE = 0,
        KEY_BACKSPACE = 0x08, /* both codes of it */
        KEY_ENTER = 0x0d,     /* likewise */
        KEY_ESCAPE = 0x1b,
        KEY_UP = 0x110000,
        KEY_DOWN,
        KEY_LEFT,
        KEY_RIGHT,
        KEY_HOME,
        KEY_END,
        KEY_PAGE_UP,
        KEY_PAGE_DOWN,
        KEY_OTHER, /* one that is known as a key, and as nothing more */
};

typedef struct KeyReader {
        char bytes[16]; /* of a key that is not whole yet: no more of a long one than is looked at */
        size_t n;
} KeyReader;

/* The key that this byte ends; KEY_NONE: there is more to come, or it was no key. */
uint32_t key_feed(KeyReader *k, char byte);

/* How long whoever reads waits for the rest of a key: a terminal sends all of it at once. */
#define KEY_USEC (50 * UINT64_C(1000))

/* Whether there is a rest to be waited for; and what was meant where it does not come: Escape, by itself. */
static inline bool key_begun(const KeyReader *k) {
        return k->n > 0;
}
uint32_t key_give_up(KeyReader *k);
