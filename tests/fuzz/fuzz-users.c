/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "doctor-distribution.h"
#include "guest.h"
#include "guest-user.h"
#include "path.h"
#include "ssh-key.h"
#include "tree.h"

/* Files of a machine's /etc, which its root may have written: a user's name, passwd, group, and shadow, with NULs between; each also as
 * an os-release and as ssh keys. */

static void check_text(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *keys = NULL;
        OsRelease os = {};
        IdRange ranges[8];
        int r = ssh_keys_parse(text, "keys", &keys, &error);

        fuzz_check_error(r, error);
        (void) os_release_parse(text, &os);
        os_release_done(&os);
        (void) distribution_of_text(text);
        (void) guest_parse_id_map(text, ranges, ELEMENTSOF(ranges));
}

void fuzz_users(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        _cleanup_free_ char *user = fuzz_string(&in), *passwd = fuzz_string(&in), *group = fuzz_string(&in), *shadow = fuzz_string(&in);
        _cleanup_(guest_user_freep) GuestUser *u = NULL;
        int r = guest_user_parse(passwd, group, *user ? user : NULL, &u);

        fuzz_check((r >= 0) == (u != NULL));
        if (u)
                fuzz_check(path_is_clean(u->home) && path_is_clean(u->shell));
        (void) guest_password_is_locked(shadow, user);
        check_text(passwd);
        check_text(shadow);
}
