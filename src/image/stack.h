/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "error.h"
#include "find.h"
#include "store.h"

/* What an image is made of, opened: the parts that its tree is mounted from. A directory is one part with one lower directory and nothing
 * else; an image on layers, one part that is an overlay; a disk image, a part for each partition, the root's first. Opening sets up what
 * has to be (loop devices, mounts of partitions), all of it freed by the kernel when the fds and the caller's mount namespace are gone. */

typedef struct StackPart {
        char *destination; /* "/", "/home"; a parent before what is in it */
        int *lowers;       /* directories, topmost first; at least one. Not the part's to close */
        size_t n_lowers;
        /* the directory of a layer, with tree/ and work/ in it; -1: the part is its one lower itself, or a read-only overlay of several */
        int upper;
        bool read_only;
        bool with_submounts; /* of a plain directory on the host, whatever is mounted in it */
} StackPart;

typedef struct StackWish {
        bool read_only;
        bool ephemeral;        /* on top of all a layer that nobody keeps */
        VolatileMode volatility;
        const char *machine;   /* whose, for messages and names */
} StackWish;

/* One at a time in a mount namespace, or freed in the reverse order: what is attached for them stands one on the other. */
typedef struct ImageStack {
        char *path;      /* the image's */
        char *machine;   /* the wish's */
        bool ephemeral;
        bool read_only;
        VolatileMode volatility;

        StackPart *parts;
        size_t n_parts;
        /* O_PATH, the root as it is now, to look at before anything is made: a directory itself; else a read-only mount of all parts. Not
         * to be closed */
        int look;
        bool is_plain; /* a directory: look may be written to (chown, labels) */

        Store *store;    /* of an image on layers, or of an ephemeral machine's */
        Layer **chain;
        size_t n_chain;
        Layer *passing;  /* an ephemeral machine's own, from image_stack_mount() on */
        const Image *disk; /* a disk image; NULL: it is none */
        int *held;       /* fds to close */
        size_t n_held;
        int attached;    /* at STACK_DIRECTORY: the first of them; or -1 */
} ImageStack;

#define STACK_DIRECTORY "/run/nbox/stack" /* where mounts are attached, in the caller's private namespace */

/* What was attached and kept for it goes with it; an ephemeral machine's layer, too. NULL is fine. Returns NULL. */
ImageStack *image_stack_free(ImageStack *s);
static inline void image_stack_freep(ImageStack **s) {
        image_stack_free(*s);
}

/* Between the look and the mount: what is open of a disk image is closed, and, when the image is locked, opened anew as the wish has it.
 * Nothing for others. */
void image_stack_let_go(ImageStack *s);
int image_stack_take(ImageStack *s, Error **reterr);

/* The machine's tree is mounted: of what was set up for that, only what keeps it is still needed. There is no look any more. */
void image_stack_settle(ImageStack *s);

/* `image` must outlive it. Other than for a plain directory, the caller is in a private mount namespace, as root, and has opened the image
 * there. */
int image_stack_open(const Image *image, const StackWish *wish, ImageStack **ret, Error **reterr);

typedef struct StackMount {
        int idmap;           /* user namespace that the files' ids are mapped by; -1: not */
        uid_t disk_base;     /* whose ids they are on disk, */
        uid_t uid_base;      /* and in the machine: what is made for it is root's there */
        const char *context; /* SELinux context of what is made for it: overlays, tmpfs; or NULL */
        uint64_t attr;       /* MOUNT_ATTR_* of all parts */
        bool furnish;        /* its init does not make an empty /etc and /var what it needs (VOLATILE_YES) */
} StackMount;

/* Mount all parts at `place`, a directory in the caller's private mount namespace, made where it is not there. The fd of the root mount. */
int image_stack_mount(ImageStack *s, const StackMount *how, const char *place, Error **reterr);
