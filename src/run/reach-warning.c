/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach-warning.h"

#include <string.h>

#include "cleanup.h"
#include "log.h"
#include "reach.h"

void warn_of_reachable(const char *path, const char *whose) {
        _cleanup_free_ char *by = NULL;
        char *slash;
        bool named;

        if (tree_is_reachable(path, &by) <= 0 || !(slash = strrchr(by, '/')))
                return;
        *slash = 0;
        named = *by && strrchr(by, '/') > by; /* nobody shall close /srv or /home */
        log_warning("Users of this host can reach %s/%s, and would run a setuid program that is made in it with %s rights: "
                    "keep it below a directory that is root's alone (chmod 0700%s%s)", by, slash + 1, whose, named ? " " : "",
                    named ? by : "");
}
