/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The system call filter of every machine, as seccomp-rules.def lists it, constant since the build. */

/* Install it for the calling process and all that comes of it. Needs CAP_SYS_ADMIN in the own user namespace: no_new_privs is
 * left alone, since it would take su and sudo away from the guest. With `private_users`, what only the host's root may is
 * refused before the kernel sees it. After it, neither bpf(2) (with private_users) nor clock, module, swap or keyring
 * calls work in this process. Returns 0 or -errno; -EINVAL from a kernel without CONFIG_SECCOMP_FILTER. */
int seccomp_apply_default(bool private_users);

/* What a machine is to have instead. The program is made of tables in 45 to 120 microseconds and without a library, once a start, and
 * who joins gets that very one (filter-file.h). So none is kept for the next start: it would save little, and be trusted much. */
typedef struct SeccompWishes {
        bool private_users;
        uint64_t capabilities; /* of its bounding set */
        char *const *words;    /* calls and @groups that are let through, "~" before those that are not, which counts more; or NULL */
        bool suppress_sync;    /* @sync does nothing and succeeds; files are not opened with O_SYNC or O_DSYNC (EINVAL) */
} SeccompWishes;

/* Whether that is another filter than seccomp_apply_default()'s. */
bool seccomp_wishes_differ(const SeccompWishes *w);

/* The program; *ret is the caller's. 0, -ENOMEM, or -E2BIG where the kernel takes none as long. */
int seccomp_make(const SeccompWishes *w, struct sock_filter **ret, size_t *ret_n);

/* As seccomp_apply_default(), with that program. */
int seccomp_apply(const struct sock_filter *code, size_t n);

/* All words, calls and groups, one after the other, from 0 on; NULL at the end. */
const char *seccomp_word(size_t i);

/* A name of this architecture's or another one's, or of a group. */
bool seccomp_word_is_known(const char *word);

/* For a process of our own that needs few calls (SYS_…, at most 200): every other one, and all of another architecture, is EPERM from here
 * on. Needs no_new_privs or CAP_SYS_ADMIN. Returns 0 or -errno; -EINVAL as above, -EOPNOTSUPP on an architecture that is not known here. */
int seccomp_allow_only(const uint32_t *calls, size_t n);
