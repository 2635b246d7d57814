/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "entry.h"

/* Changes of an image that are more than one system call: a name stands in settings files, in systemd's directories, in zones' leases and
 * in what a machine keeps, and all of it changes together or not at all, whoever is killed when.
 *
 * So what is about to be done is written down first, in CHANGE_FILE, and synced. Then the image itself is renamed, or loses its name: one
 * system call, and the one that decides. Whoever comes next, be it the same process or, after a crash, the next nbox, looks on which side
 * of it the image is, brings all else to that side, and removes the file. Each step can be done twice.
 *
 *     Version=1
 *     Kind=rename                           or "remove", or "add"
 *     Directory=/var/lib/machines
 *     From=web.raw                          the image's entry there, and who it is
 *     Inode=1234
 *     Born=1700000000000000
 *     To=db.raw its new name; of one that is removed, the hidden one that it goes by until it is gone, or nothing
 *     Machine=web                           whose leases and ids follow
 *     NewMachine=db
 *     Immutable=yes                         it had that attribute
 *     Path=/etc/nbox/web.conf               a file that is renamed or removed with it; of one that is renamed, the next line says to what
 *     NewPath=/etc/nbox/db.conf
 *
 * What is added is a new image that has settings: "From" is the hidden name that it has until it is whole, or its layer's id where it stands on
 * layers (and "Inode" 0), "To" the name that it gets last, and each "Path" a file that is written before that, and goes again where the image
 * never got its name.
 *
 * One lock serves all changes; it is held for moments, and what takes long, as removing a tree's files, comes after it. */

#define CHANGE_DIRECTORY "/var/lib/nbox/changes"
#define CHANGE_FILE CHANGE_DIRECTORY "/begun"

typedef enum ChangeKind {
        CHANGE_RENAME,
        CHANGE_REMOVE,
        CHANGE_ADD,
} ChangeKind;

typedef struct Change {
        ChangeKind kind;
        char *directory, *from;
        uint64_t inode, born_usec;
        char *to;
        char *machine, *new_machine; /* NULL: no machine can have that name */
        bool immutable;
        char **paths, **new_paths;   /* new_paths: as many, of a rename */
} Change;

void change_free(Change *c);
DEFINE_CLEANUP(Change *, change_free);

/* Of that entry; all else is the caller's to add. NULL on out of memory. */
Change *change_new(ChangeKind kind, const ImageEntry *e);

/* What stands in the file, to and from; `text` is torn apart. */
char *change_format(const Change *c);
int change_parse(char *text, Change **ret, Error **reterr);

/* Whether somebody has begun a change and not ended it: one system call. */
bool change_is_begun(void);

/* Wait for the lock, and bring what was begun before to its end. An fd. */
int change_lock(Error **reterr);

/* With the lock: write it down; then do it (what is added, its maker does); then, however that ended, settle it. */
int change_begin(const Change *c, Error **reterr);
int change_do(const Change *c, Error **reterr);
int change_settle(const Change *c, Error **reterr);

/* End what was begun, if anything was. For the next nbox. */
int change_recover(Error **reterr);

/* And what it left that stands for nothing. For gc. */
int change_sweep(Error **reterr);
