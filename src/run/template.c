/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "template.h"

#include <string.h>

#include "clone.h"
#include "find.h"
#include "image-claim.h"
#include "log.h"
#include "name.h"
#include "settings-beside.h"

static int not_there(const MachineConfig *c, Error **reterr) {
        error_set(reterr, ENOENT, "There is no image '%s' yet: it would be cloned from %s", c->directory ?: c->image, c->template);
        return error_hint(reterr, -ENOENT, "nbox clone %s %s makes it.", c->template, c->machine);
}

/* A name is looked for where images are; a path is one beside the template. */
static int clone_name(const MachineConfig *c, const Image *from, const char **ret, Error **reterr) {
        const char *slash = c->directory ? strrchr(c->directory, '/') : NULL;
        size_t n = slash ? (size_t) (slash - c->directory) : 0;

        *ret = slash ? slash + 1 : c->image;
        if (slash && (strncmp(c->directory, from->path, n) != 0 || strrchr(from->path, '/') != from->path + n)) {
                error_set(reterr, EXDEV, "The clone of %s lies beside it, and %s does not", from->path, c->directory);
                return error_hint(reterr, -EXDEV, "nbox clone --copy, or cp -a, makes a tree elsewhere.");
        }
        return machine_name_check(*ret, reterr);
}

static int clone_it(const MachineConfig *c, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *claim = NULL;
        _cleanup_(image_freep) Image *from = NULL;
        _cleanup_free_ char *path = NULL;
        const char *name;
        int r = image_find(c->template, &from, reterr);

        if (r < 0)
                return r;
        if (from->type != IMAGE_TREE && from->type != IMAGE_LAYERED) {
                error_set(reterr, EOPNOTSUPP, "%s is no directory: it is cloned by a command of its own", from->path);
                return error_hint(reterr, -EOPNOTSUPP, "nbox clone %s %s", c->template, c->machine);
        }
        r = clone_name(c, from, &name, reterr);
        if (r >= 0)
                r = image_claim(from, true, &claim, reterr);
        if (r >= 0)
                r = image_clone(from, name, &(NewIdentity){ .host_name = name }, &path, reterr);
        if (r >= 0)
                r = settings_beside_copy(from->path, path, reterr);
        if (r >= 0 && c->quiet <= 0)
                log_info("Made %s, a clone of %s", path, from->path);
        return r;
}

int template_clone(const MachineConfig *c, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        int r;

        if (!c->template || image_find(c->directory ?: c->image ?: c->machine, &image, NULL) >= 0)
                return 0;
        if (c->dry_run > 0)
                return not_there(c, reterr);
        /* Before anything is made; but what runs may be said by the settings that the clone will have. */
        r = c->mode == START_RUN && !c->parameters ? 0 : config_validate(c, reterr);
        if (r < 0)
                return r;
        for (unsigned tries = 0;;) { /* several may be made of it at once */
                _cleanup_(error_freep) Error *error = NULL;

                r = clone_it(c, &error);
                if (!image_try_again(r, &tries))
                        return error_pass(reterr, r, &error);
        }
}
