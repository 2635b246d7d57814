/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "parcel.h"

/* What is sent, made as files. Where others may be at work in the same directories meanwhile, they can spoil the copy, and nothing else:
 * all is made anew beneath directories that are open, without following anything.
 *
 * What did not exist gets its name when it is whole: until then it has a hidden one beside it, ".#nbox-copy-…", which is removed after a
 * failure. What is copied onto a directory is merged into it, as machinectl(1) does: the directory keeps its attributes, files that are
 * there stay (counted) but with `force`, each new one gets its name when it is whole, and after a failure those that were copied remain.
 *
 * What cannot be set (a file system without ACLs, an owner that the machine may not give) is counted; contents that cannot be written are
 * an error. The copy may be in memory only. */

typedef struct ParcelWrite {
        bool force;            /* replace files that are there; a directory never */
        bool is_guest;         /* a machine's paths: no magic link in /proc is followed */
        bool drop_privileges;  /* set-user-ID and set-group-ID of files, and their capabilities */
        bool is_archive;       /* an entry may come twice, and a directory be come back to: the later one counts */
} ParcelWrite;

/* Until END; answers DONE. After an error the answer is the caller's. */
int parcel_write(ParcelPipe *p, const ParcelWrite *q, Error **reterr);
