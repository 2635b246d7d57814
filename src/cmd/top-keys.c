/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-keys.h"

#include "cleanup.h"

/* Behind Escape come: "[", parameters, and a letter or "~" (ECMA-48's CSI); "O" and a letter (SS3, a keypad in its application mode); "[["
 * and a letter (function keys of Linux's console); or one character, for Alt and that key. */

#define ESC '\x1b'

static const struct {
        char final;
        uint32_t key;
} letters[] = {
        { 'A', KEY_UP }, { 'B', KEY_DOWN }, { 'C', KEY_RIGHT }, { 'D', KEY_LEFT }, { 'H', KEY_HOME }, { 'F', KEY_END }, { 'M', KEY_ENTER },
};

static const struct {
        int number;
        uint32_t key;
} numbers[] = {
        { 1, KEY_HOME }, { 7, KEY_HOME }, { 4, KEY_END }, { 8, KEY_END }, { 5, KEY_PAGE_UP }, { 6, KEY_PAGE_DOWN },
};

static uint32_t by_letter(char final) {
        for (size_t i = 0; i < ELEMENTSOF(letters); i++)
                if (letters[i].final == final)
                        return letters[i].key;
        return KEY_OTHER;
}

/* "5~"; behind a semicolon would stand which of Shift, Alt and Control were held. */
static uint32_t by_number(const char *parameters, size_t n) {
        int number = 0;

        for (size_t i = 0; i < n && parameters[i] >= '0' && parameters[i] <= '9' && number < 1000; i++)
                number = number * 10 + (parameters[i] - '0');
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (numbers[i].number == number)
                        return numbers[i].key;
        return KEY_OTHER;
}

static void keep(KeyReader *k, char byte) {
        if (k->n < sizeof(k->bytes))
                k->bytes[k->n++] = byte;
}

static uint32_t ended(KeyReader *k, uint32_t key) {
        k->n = 0;
        return key;
}

static uint32_t plain(char byte) {
        unsigned char c = (unsigned char) byte;

        if (c == 0x7f)
                return KEY_BACKSPACE;
        return c == '\n' ? KEY_ENTER : c;
}

static uint32_t feed_sequence(KeyReader *k, char byte) {
        if (k->n == 1) {
                keep(k, byte);
                return byte == '[' || byte == 'O' ? KEY_NONE : ended(k, KEY_OTHER);
        }
        if (k->bytes[1] == 'O' || (k->n > 2 && k->bytes[2] == '['))
                return ended(k, k->bytes[1] == 'O' ? by_letter(byte) : KEY_OTHER);
        if (byte < 0x40 || (k->n == 2 && byte == '[')) { /* a parameter */
                keep(k, byte);
                return KEY_NONE;
        }
        return ended(k, byte == '~' ? by_number(k->bytes + 2, k->n - 2) : by_letter(byte));
}

/* How many bytes a character of UTF-8 has that begins so; 0: none does. */
static size_t length_of(unsigned char first) {
        return first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

static uint32_t feed_character(KeyReader *k, char byte) {
        size_t length;
        uint32_t c;

        keep(k, byte);
        length = length_of((unsigned char) k->bytes[0]);
        if (k->n < length)
                return KEY_NONE;
        c = (unsigned char) k->bytes[0] & (0xffu >> (length + 1));
        for (size_t i = 1; i < length; i++)
                c = c << 6 | ((unsigned char) k->bytes[i] & 0x3f);
        return ended(k, c < 0xa0 || c > 0x10ffff ? KEY_OTHER : c);
}

uint32_t key_feed(KeyReader *k, char byte) {
        unsigned char c = (unsigned char) byte;

        /* A control character is never part of a key: what was begun is none. */
        if (byte == ESC || c < 0x20 || c == 0x7f) {
                bool escape = k->n == 1 && k->bytes[0] == ESC && byte == ESC;

                k->n = 0;
                if (byte == ESC)
                        keep(k, byte);
                return escape ? KEY_ESCAPE : byte == ESC ? KEY_NONE : plain(byte);
        }
        if (k->n > 0 && k->bytes[0] == ESC)
                return c < 0x80 ? feed_sequence(k, byte) : ended(k, KEY_NONE);
        if (k->n > 0 && (c & 0xc0) != 0x80) /* the rest did not come */
                k->n = 0;
        if (c < 0x80)
                return plain(byte);
        return k->n > 0 || length_of(c) > 0 ? feed_character(k, byte) : KEY_NONE;
}

uint32_t key_give_up(KeyReader *k) {
        return ended(k, k->n == 1 && k->bytes[0] == ESC ? KEY_ESCAPE : KEY_NONE);
}
