/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <archive.h>
#include <archive_entry.h>

/* The functions of libarchive that we use, as it has them, without "archive_". */

#define ARCHIVE_LIBRARY "libarchive.so.13"
#define ARCHIVE_PACKAGE "libarchive13"

typedef struct ArchiveLibrary {
        struct archive *(*read_new)(void);
        int (*read_free)(struct archive *);
        int (*filter_gzip)(struct archive *);
        int (*filter_bzip2)(struct archive *);
        int (*filter_xz)(struct archive *);
        int (*filter_zstd)(struct archive *);
        int (*filter_lz4)(struct archive *);
        int (*filter_compress)(struct archive *);
        int (*format_empty)(struct archive *);
        int (*format_raw)(struct archive *);
        int (*format_tar)(struct archive *);
        int (*read_open)(struct archive *, void *, archive_open_callback *, archive_read_callback *, archive_close_callback *);
        int (*read_next_header)(struct archive *, struct archive_entry **);
        int (*read_data_block)(struct archive *, const void **, size_t *, la_int64_t *);
        la_int64_t (*read_header_position)(struct archive *);
        const char *(*error_string)(struct archive *);
        int (*filter_code)(struct archive *, int);
        const char *(*pathname)(struct archive_entry *);
        const char *(*hardlink)(struct archive_entry *);
        const char *(*symlink)(struct archive_entry *);
        __LA_MODE_T (*filetype)(struct archive_entry *);
        __LA_MODE_T (*perm)(struct archive_entry *);
        la_int64_t (*uid)(struct archive_entry *);
        la_int64_t (*gid)(struct archive_entry *);
        la_int64_t (*size)(struct archive_entry *);
        time_t (*mtime)(struct archive_entry *);
        long (*mtime_nsec)(struct archive_entry *);
        dev_t (*rdevmajor)(struct archive_entry *);
        dev_t (*rdevminor)(struct archive_entry *);
        int (*xattr_reset)(struct archive_entry *);
        int (*xattr_next)(struct archive_entry *, const char **, const void **, size_t *);
        int (*acl_reset)(struct archive_entry *, int);
        int (*acl_next)(struct archive_entry *, int, int *, int *, int *, int *, const char **);
} ArchiveLibrary;

/* 0, or -ELIBACC. */
int archive_library_load(ArchiveLibrary *l);
