/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "settings.h"
#include "settings-subject.h"
#include "strv.h"
#include "text.h"
#include "verb-list.h"

/* nbox cat: what settings there are of a machine, each file under its path, in the order in which they are read. */

/* What lies beside an image may have come from anywhere, and speaks to no terminal. */
static void put_text(const char *text, size_t size) {
        for (const char *s = text; s < text + size;) {
                size_t length, n = text_control(s, &length);

                if (length > (size_t) (text + size - s))
                        n = length = (size_t) (text + size - s);
                if (n == 0 || (n == 1 && (*s == '\n' || *s == '\t')))
                        fwrite(s, 1, length, stdout);
                else
                        for (size_t i = 0; i < n; i++)
                                printf("\\x%02x", (unsigned char) s[i]);
                s += length;
        }
        if (size > 0 && text[size - 1] != '\n')
                putchar('\n');
}

static int put_file(const SettingsPlace *place, bool first, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = settings_read_file(place->path, !place->is_beside, &text, &size, reterr);

        if (r <= 0)
                return r;
        printf("%s# %s%s\n", first ? "" : "\n", place->path,
               place->is_beside ? " (beside the image, at reduced trust: privileged keys have no effect)" : "");
        put_text(text, size);
        explicit_bzero(text, size);
        return 1;
}

/* Other files for the same name, that nobody reads. */
static int put_hidden(const SettingsSubject *s, const SettingsPlaces *places, Error **reterr) {
        const char *main = places->n > 0 && !places->items[0].is_drop_in ? places->items[0].path : NULL;
        _cleanup_strv_ char **paths = NULL;

        if (!main)
                return 0;
        if (settings_paths(s->machine, s->directory, &paths) < 0)
                return error_oom(reterr);
        for (char **path = paths; *path; path++)
                if (strcmp(*path, main) != 0 && access(*path, F_OK) >= 0)
                        printf("\n# %s: not read, since there is %s\n", *path, main);
        return 0;
}

static int cat(const char *name, bool *first, Error **reterr) {
        _cleanup_(settings_subject_done) SettingsSubject s = {};
        _cleanup_(settings_places_done) SettingsPlaces places = {};
        int r = settings_subject_find(name, &s, reterr);

        if (r >= 0)
                r = settings_places_find(s.machine, s.directory, &places, reterr);
        if (r < 0)
                return r;
        if (places.n == 0) {
                error_set(reterr, ENOENT, "There are no settings of '%s': it has what nbox gives without asking", s.machine);
                return error_hint(reterr, -ENOENT, "`nbox edit %s` makes some; `nbox show --plan %s` shows what it would boot with.", s.machine,
                                  s.machine);
        }
        for (size_t i = 0; r >= 0 && i < places.n; i++) {
                r = put_file(&places.items[i], *first, reterr);
                *first &= r <= 0;
        }
        return r < 0 ? r : put_hidden(&s, &places, reterr);
}

int verb_cat(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        bool first = true;
        int r = verb_operands(&args, 1, -1, reterr);

        for (int i = 0; r >= 0 && i < args.n_operands; i++)
                r = cat(args.operands[i], &first, reterr);
        return r < 0 ? r : 0;
}
