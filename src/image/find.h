/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Trees by name or directory. Names are looked up where systemd-machined looks (machinectl(1), "Files and
 * directories"), first match wins: /etc/machines, /run/machines, /var/lib/machines, /usr/local/lib/machines,
 * /usr/lib/machines. */

#define IMAGE_DIRECTORY "/var/lib/machines" /* where `nbox create` puts new ones */

typedef enum ImageType {
        IMAGE_TREE,      /* a directory */
        IMAGE_SUBVOLUME, /* of btrfs: a directory in all else */
        IMAGE_LAYERED,   /* see store.h */
        IMAGE_DISK,      /* a disk's, in a file or a block device */
} ImageType;

/* As `images` shows it, and machinectl(1) where it knows the like: "directory", "subvolume", "layers", "raw". */
const char *image_type_name(ImageType type);

#define LAYER_ID_SIZE 33

typedef struct Image {
        ImageType type;
        char layer[LAYER_ID_SIZE]; /* on layers: the id of its own, writable one; else "" */
        char *name;        /* the last component of its path; of a disk image without ".raw" */
        char *path;        /* absolute, without symbolic links but, on layers, the last component */
        /* directories: O_PATH of the tree; on layers: of the writable layer's, which is not the whole tree (stack.h); a disk image: the
         * file */
        int fd;
        char *root_hash;   /* of a disk image: what its tree is verified by, for who wants another hash than that beside it, or NULL */
        char *verity_data; /* likewise the file with its hashes, or NULL */
        bool read_only;    /* read-only file system, subvolume or attribute */
        uint64_t changed_usec; /* CLOCK_REALTIME of the top directory's last change */
} Image;

void image_free(Image *i);
DEFINE_CLEANUP(Image *, image_free);

/* Find by what the user wrote: with a '/' in it (or "." and "..") it is a directory, else a name. Errors (-ENOENT,
 * -ENOTDIR, -EOPNOTSUPP, -EINVAL, …) say where was looked and what to do. The host's own root and system directories
 * are refused with -EBUSY. */
int image_find(const char *name_or_directory, Image **ret, Error **reterr);

/* The i-th directory of the search path; NULL beyond the last. */
const char *image_search_directory(size_t i);

/* Whether it can be the name of an image at all: not empty, not hidden, no slash, no control character. */
bool image_name_is_valid(const char *name);

/* A directory by path, relative ones from the working directory. Symbolic links of the host are followed, magic
 * links of /proc are not. */
int image_open_directory(const char *path, Image **ret, Error **reterr);

/* All directories in the search path, by name, each name once, sorted. Unreadable places are left out. *ret is
 * the caller's (image_list_free()). */
int image_list(Image ***ret, size_t *ret_n, Error **reterr);
void image_list_free(Image **images, size_t n);

/* The tree that the host itself runs from, by the name that machinectl(1) has for it: to be shown, and for nothing else. */
#define IMAGE_OF_HOST ".host"
int image_of_host(Image **ret, Error **reterr);

/* With that, and with those whose names begin with a dot: unfinished downloads, and what others hide. image_find() does not find these. */
int image_list_all(Image ***ret, size_t *ret_n, Error **reterr);

/* Whether nothing has that name yet in any place of the search path: 0, or -EEXIST with an Error. */
int image_name_is_free(const char *name, Error **reterr);

/* Whether the directory that the path lies in is a place of the search path. */
bool image_is_found_by_name(const char *path);
