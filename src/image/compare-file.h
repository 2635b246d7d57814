/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/stat.h>

/* Two files of two trees, each by the directory that it is in and its name there. */

typedef struct ComparedFile {
        int dir;
        const char *name;
        struct stat st;
} ComparedFile;

/* Whether what is in two regular files of one size is different: 1 or 0; -errno. Holes are not read: a file may seem larger than any
 * disk. */
int contents_differ(const ComparedFile *a, const ComparedFile *b);

/* The same of links' targets and of extended attributes, but for those that overlayfs keeps of its own. */
int targets_differ(const ComparedFile *a, const ComparedFile *b);
int attributes_differ(const ComparedFile *a, const ComparedFile *b);

/* A directory in an overlay's layer that hides what is beneath it, or shows what stands elsewhere there. */
int layer_directory_is_opaque(int dir);
