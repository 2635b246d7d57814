/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json-text.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *s) {
        json_t *j;
        char *ascii;

        if (!s)
                return json_null();
        j = json_string(s);
        if (j)
                return j;
        ascii = strdup(s);
        for (char *p = ascii; p && *p; p++)
                if ((unsigned char) *p >= 0x80)
                        *p = '?';
        j = ascii ? json_string(ascii) : NULL;
        free(ascii);
        return j;
}
