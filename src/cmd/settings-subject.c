/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings-subject.h"

#include <stdlib.h>
#include <string.h>

#include "find.h"
#include "machine.h"
#include "name.h"

void settings_subject_done(SettingsSubject *s) {
        free(s->machine);
        free(s->directory);
        free(s->image);
        *s = (SettingsSubject){};
}

static int take_image(SettingsSubject *s, const char *path, Error **reterr) {
        s->image = strdup(path);
        s->directory = strndup(path, (size_t) (strrchr(path, '/') - path));
        return s->image && s->directory ? 0 : error_oom(reterr);
}

/* A machine that runs may be booted from anywhere. */
static int find_running(SettingsSubject *s, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;

        if (machine_find(s->machine, &m, NULL) < 0)
                return 0;
        s->runs = true;
        if (!m->record->root || m->record->root[0] != '/')
                return 0;
        return take_image(s, m->record->root, reterr);
}

static int find_image(SettingsSubject *s, const char *name, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;

        if (s->directory || image_find(name, &image, NULL) < 0)
                return 0;
        return take_image(s, image->path, reterr);
}

/* An image's name may be one that no machine can have; what is neither is a slip, and not another machine. */
static int check_name(const SettingsSubject *s, const char *name, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;

        if (strcmp(name, s->machine) == 0 || image_find(name, &image, NULL) >= 0)
                return 0;
        error_set(reterr, EINVAL, "'%.80s' is no name that a machine can have", name);
        return error_hint(reterr, -EINVAL, "Did you mean %s?", s->machine);
}

int settings_subject_find(const char *name, SettingsSubject *ret, Error **reterr) {
        _cleanup_(settings_subject_done) SettingsSubject s = {};
        int r;

        if (strchr(name, '/')) {
                error_set(reterr, EINVAL, "'%.80s' is a path: settings are for a name", name);
                return error_hint(reterr, -EINVAL, "The name is the directory's own, or what --machine= says.");
        }
        r = machine_name_from_path(name, &s.machine, reterr);
        if (r >= 0)
                r = check_name(&s, name, reterr);
        if (r >= 0)
                r = find_running(&s, reterr);
        if (r >= 0)
                r = find_image(&s, name, reterr);
        if (r < 0)
                return r;
        *ret = s;
        s = (SettingsSubject){};
        return 0;
}
