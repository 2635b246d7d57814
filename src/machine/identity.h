/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* What a machine has of its own on this host and keeps over its boots, whoever else comes and goes meanwhile, in
 * IDENTITY_DIRECTORY/NAME: lines
 *
 *     uids 524288 65536          its range of user and group ids: the first, and how many
 *     chown 0 65536 524288       its tree's files are being moved from that range to the one from 524288 on: some may be in either
 *     categories c12,c733        its SELinux categories
 *
 * and comments (#). The tree itself does not depend on the ids, where its files are mapped; what of them gets onto other
 * disks does, and so does who may read what another machine left behind. An administrator may write such a file by hand. It
 * is replaced atomically; whoever chooses holds the lock, for what is chosen must be nobody else's. A line whose first word is
 * unknown is of a newer nbox and is kept as it is; a line whose first word is known must be right as a whole. */

#define IDENTITY_DIRECTORY "/var/lib/nbox/machines"
#define IDENTITY_CATEGORIES_MAX 64

typedef struct UidRange {
        uid_t base;
        uint32_t count; /* 0: none */
} UidRange;

typedef struct Identity {
        char *name;
        UidRange uids;
        UidRange chown_from; /* of a chown that has begun and not ended */
        uid_t chown_to;
        char *categories;   /* "c12,c733"; NULL: none are chosen yet */
        char **unknown;     /* lines of a newer nbox */
} Identity;

Identity *identity_new(const char *machine); /* NULL on out of memory */
void identity_free(Identity *i);
DEFINE_CLEANUP(Identity *, identity_free);

static inline bool idrange_meets(UidRange a, UidRange b) {
        return a.count > 0 && b.count > 0 && a.base < (uint64_t) b.base + b.count && b.base < (uint64_t) a.base + a.count;
}
static inline bool idrange_has(UidRange r, uid_t id) {
        return id >= r.base && id < (uint64_t) r.base + r.count;
}

/* Make the directory and lock it; waits. Its fd, which holds the lock, or -errno. Not for long: every start may come by here. */
int identity_lock(Error **reterr);

/* No file is an empty identity, and returns 0; else 1. A line that cannot be understood is an error with file and line. Needs neither
 * lock nor root. */
int identity_load(const char *machine, Identity **ret, Error **reterr);
int identity_save(const Identity *i, Error **reterr);

/* What `from` keeps is `to`'s from now on, in place of what that kept; nothing where it keeps nothing. Takes the lock. */
int identity_rename(const char *from, const char *to, Error **reterr);

/* What a killed writer left. */
void identity_sweep(void);

/* Its ids are anybody's from now on. Takes the lock. */
int identity_remove(const char *machine, Error **reterr);

/* The names of all machines that have a file, sorted; the caller's. */
int identity_list(char ***ret, Error **reterr);

/* The text of such a file, to and from: what load and save are made of. `text` is torn apart; `path` is for errors. */
int identity_parse(Identity *i, const char *path, char *text, Error **reterr);
char *identity_format(const Identity *i); /* NULL on out of memory */
