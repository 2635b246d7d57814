/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "error.h"

/* Files and directories of the host's that are mounted in a machine: those of its start (--bind=), and those that came while it runs. */

typedef enum BindStage {
        BIND_OF_START, /* lasts as long as the machine */
        BIND_ADDING,   /* it is about to be mounted: it is there if the kernel says so */
        BIND_ADDED,
        BIND_REMOVING, /* it is about to be unmounted: likewise */
} BindStage;

typedef struct MachineBind {
        char *source;      /* absolute, on the host; of a start also "+/…", in the machine's own tree */
        char *destination; /* in the machine, absolute */
        bool read_only;
        bool recursive;
        int idmap;         /* as BindMount.idmap; never -1 */
        BindStage stage;
        /* Of what came while it runs. */
        uint64_t mount_id;     /* mountinfo's; such a number is used again once the mount is gone */
        unsigned major, minor; /* of its file system: with the id they tell our mount from a later one */
        pid_t helper;          /* BIND_ADDING: the process that mounts it, and when that was started (process_start_time()) */
        uint64_t helper_start;
} MachineBind;

typedef struct BindList {
        MachineBind *items;
        size_t n;
} BindList;

#define BINDS_MAX 4096

void bind_done(MachineBind *b);
void bind_list_done(BindList *list);

/* Takes over *b. 0 or -ENOMEM. */
int bind_list_take(BindList *list, MachineBind *b);
void bind_list_remove(BindList *list, size_t i);

/* As a record has it: "rw,rbind,idmap DEST:SOURCE", a backslash before a colon of a path. The caller's, NULL on out of memory; parse:
 * -EINVAL. Stage and what belongs to it are not in it. */
char *bind_format(const MachineBind *b);
int bind_parse(const char *text, MachineBind *ret);

/* The list of a record. Damaged ones are passed over. 0 or -ENOMEM. */
int binds_from_text(char *const *text, BindList *ret);

const char *bind_idmap_name(int idmap);
