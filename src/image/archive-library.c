/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive-library.h"

#include "cleanup.h"
#include "library.h"

int archive_library_load(ArchiveLibrary *l) {
        const LibrarySymbol symbols[] = {
                { "read_new", (void **) &l->read_new },
                { "read_free", (void **) &l->read_free },
                { "read_support_filter_gzip", (void **) &l->filter_gzip },
                { "read_support_filter_bzip2", (void **) &l->filter_bzip2 },
                { "read_support_filter_xz", (void **) &l->filter_xz },
                { "read_support_filter_zstd", (void **) &l->filter_zstd },
                { "read_support_filter_lz4", (void **) &l->filter_lz4 },
                { "read_support_filter_compress", (void **) &l->filter_compress },
                { "read_support_format_empty", (void **) &l->format_empty },
                { "read_support_format_raw", (void **) &l->format_raw },
                { "read_support_format_tar", (void **) &l->format_tar },
                { "read_open", (void **) &l->read_open },
                { "read_next_header", (void **) &l->read_next_header },
                { "read_data_block", (void **) &l->read_data_block },
                { "read_header_position", (void **) &l->read_header_position },
                { "error_string", (void **) &l->error_string },
                { "filter_code", (void **) &l->filter_code },
                { "entry_pathname", (void **) &l->pathname },
                { "entry_hardlink", (void **) &l->hardlink },
                { "entry_symlink", (void **) &l->symlink },
                { "entry_filetype", (void **) &l->filetype },
                { "entry_perm", (void **) &l->perm },
                { "entry_uid", (void **) &l->uid },
                { "entry_gid", (void **) &l->gid },
                { "entry_size", (void **) &l->size },
                { "entry_mtime", (void **) &l->mtime },
                { "entry_mtime_nsec", (void **) &l->mtime_nsec },
                { "entry_rdevmajor", (void **) &l->rdevmajor },
                { "entry_rdevminor", (void **) &l->rdevminor },
                { "entry_xattr_reset", (void **) &l->xattr_reset },
                { "entry_xattr_next", (void **) &l->xattr_next },
                { "entry_acl_reset", (void **) &l->acl_reset },
                { "entry_acl_next", (void **) &l->acl_next },
        };

        return library_load(ARCHIVE_LIBRARY, "archive_", symbols, ELEMENTSOF(symbols));
}
