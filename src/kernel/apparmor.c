/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apparmor.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"

#define ENABLED "/sys/module/apparmor/parameters/enabled"
#define PROFILES "/sys/kernel/security/apparmor/profiles"
#define PROFILES_MAX (4 * 1024 * 1024)
#define UNCONFINED "unconfined" /* is always there, and not in the list */

/* Lines: NAME (MODE), where a name may have blanks. */
static bool is_listed(char *text, const char *profile) {
        char *save = NULL;

        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char *mode = strrchr(line, '(');

                if (mode && mode > line && mode[-1] == ' ')
                        mode[-1] = 0;
                if (strcmp(line, profile) == 0)
                        return true;
        }
        return false;
}

int apparmor_check(const char *profile, Error **reterr) {
        _cleanup_free_ char *enabled = NULL, *profiles = NULL;

        if (file_read(AT_FDCWD, ENABLED, 16, &enabled) < 0 || enabled[0] != 'Y') {
                error_set(reterr, EOPNOTSUPP, "AppArmor is not enabled on this host: no machine can get the profile '%s'", profile);
                return error_hint(reterr, -EOPNOTSUPP, "Leave out --apparmor-profile=, or boot the host with security=apparmor.");
        }
        if (strcmp(profile, UNCONFINED) == 0 || file_read(AT_FDCWD, PROFILES, PROFILES_MAX, &profiles) < 0)
                return 0;
        if (is_listed(profiles, profile))
                return 0;
        error_set(reterr, ENOENT, "AppArmor has no profile '%s' loaded", profile);
        return error_hint(reterr, -ENOENT, "`apparmor_parser -r FILE` loads the one that FILE describes; %s lists them.", PROFILES);
}
