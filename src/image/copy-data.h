/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The contents of a file, by the best way that there is: sharing its blocks (FICLONE: btrfs, xfs), having the kernel copy them
 * (copy_file_range(2)), or by hand; holes stay holes (SEEK_DATA, Linux 3.1). What a pair of file systems cannot do is asked once for all
 * files. */

typedef struct DataCopier {
        bool no_clone, no_range; /* known not to work here */
        uint8_t *buffer;
        int (*on_chunk)(uint64_t bytes, void *userdata); /* so many more are copied; negative: stop */
        int (*on_no_clone)(void *userdata); /* blocks cannot be shared, so that room is needed; likewise. Once */
        void *userdata;
} DataCopier;

/* size: of the source, when it was looked at; what it grows by meanwhile is left. is_sparse: look for holes. `to` is empty. 0 or -errno. */
int copy_data(DataCopier *c, int from, int to, uint64_t size, bool is_sparse);
void data_copier_done(DataCopier *c);
