/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "called-as.h"

#include <string.h>

#include "cleanup.h"

static const struct {
        const char *name;
        int (*translate)(int argc, char **argv, char ***ret, Error **reterr);
} names[] = {
        { "systemd-nspawn", called_as_nspawn },
        { "machinectl", called_as_machinectl },
        { "nbox-oci", called_as_oci },
};

int called_as(int argc, char **argv, char ***ret, Error **reterr) {
        const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL, *name = argc == 0 ? "" : slash ? slash + 1 : argv[0];

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(name, names[i].name) == 0) {
                        int r = names[i].translate(argc, argv, ret, reterr);

                        return r < 0 ? r : 1;
                }
        return 0;
}
