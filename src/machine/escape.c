/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "escape.h"

EscapeKey escape_scan(EscapeState *s, char c, uint64_t now_usec, bool power_keys) {
        unsigned before = s->count;

        if (before > 0 && now_usec - s->first_usec > ESCAPE_USEC)
                before = 0;

        if ((unsigned char) c == ESCAPE_BYTE) {
                if (before == 0)
                        s->first_usec = now_usec;
                s->count = before + 1;
                if (s->count < 3)
                        return ESCAPE_NONE;
                s->count = 0;
                return ESCAPE_LEAVE;
        }

        s->count = 0;
        if (before < 2 || !power_keys)
                return ESCAPE_NONE;
        if (c == 'p')
                return ESCAPE_POWEROFF;
        if (c == 'r')
                return ESCAPE_REBOOT;
        return ESCAPE_NONE;
}
