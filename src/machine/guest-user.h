/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/* Users of a machine, as its own /etc/passwd and /etc/group name them; the host's name services know nothing of
 * these. Files are opened beneath the machine's root, read up to a bound, and lines that are none are passed over. */

typedef struct GuestUser {
        char *name;    /* what was asked for, when the machine has no name for it */
        uid_t uid;     /* in the machine */
        gid_t gid;
        gid_t *groups; /* supplementary, without gid */
        size_t n_groups;
        char *home;    /* absolute and clean */
        char *shell;   /* likewise */
        bool listed;   /* it is in the machine's passwd */
} GuestUser;

void guest_user_free(GuestUser *u);
DEFINE_CLEANUP(GuestUser *, guest_user_free);

/* By name or decimal uid, NULL for root; "USER:GROUP" is of that group (a name or decimal gid) and of no other. `root` is an fd of the
 * machine's root directory. A uid that has no entry is taken as it is (gid the same number); so is "root" when there is no file. -ENXIO with
 * an Error for an unknown name. */
int guest_user_find(int root, const char *user, GuestUser **ret, Error **reterr);

/* Root of the machine, without the groups that it is in besides its own. */
int guest_root_find(int root, GuestUser **ret, Error **reterr);

/* Whether a user's password is locked ("*" or "!…" in shadow or passwd): 1, or 0, also when nothing is known. */
int guest_user_is_locked(int root, const char *name);

/* The above on texts, for tests: passwd and group may be NULL (no such file). */
int guest_user_parse(const char *passwd, const char *group, const char *user, GuestUser **ret);
bool guest_password_is_locked(const char *text, const char *name);
