/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "label.h"

#include <errno.h>

static int built_without(Error **reterr) {
        error_set(reterr, EOPNOTSUPP, "This nbox was built without libselinux");
        return error_hint(reterr, -EOPNOTSUPP, "Build it with -Dselinux=enabled.");
}

int label_types_read(LabelTypes *ret __attribute__((unused)), Error **reterr) {
        return built_without(reterr);
}

int label_check(const char *context __attribute__((unused)), Error **reterr) {
        return built_without(reterr);
}
