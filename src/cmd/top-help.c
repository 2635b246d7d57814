/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-help.h"

#include "strv.h"
#include "top-row.h"

static const struct {
        const char *keys, *meaning;
} keys[] = {
        { "Up Down PgUp PgDn", "choose a machine; Home and End, too, and j k g G" },
        { "Enter", "show its status" },
        { "f", "freeze it, or thaw it" },
        { "Esc", "choose none, and show all" },
        { "/", "show those that have some text in their names" },
        { "< >", "order by the column to the left, or right" },
        { "r", "the other way round" },
        { "+ -", "look less, or more often" },
        { "d", "look every so many seconds" },
        { "Space", "hold the figures still, and go on" },
        { "^L", "draw all of it again" },
        { "h ?", "this help" },
        { "q", "quit" },
};

char **top_help(void) {
        _cleanup_strv_ char **text = NULL;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(keys); i++)
                r = strv_appendf(&text, "%-18s %s", keys[i].keys, keys[i].meaning);
        if (r >= 0)
                r = strv_append(&text, "");
        for (int s = 0; r >= 0 && s < _SORTS; s += 2) {
                char both[2][40];

                for (int i = 0; i < 2; i++)
                        if (s + i < _SORTS)
                                snprintf(both[i], sizeof(both[i]), "order by %s", top_sort_word((TopSort) (s + i)));
                r = strv_appendf(&text, "%-4c%-30s%-4c%s", top_sort_key((TopSort) s), both[0], top_sort_key((TopSort) (s + 1)), both[1]);
        }
        return r < 0 ? NULL : TAKE_PTR(text);
}
