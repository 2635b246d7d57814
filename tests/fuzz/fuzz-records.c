/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "archive-record.h"
#include "archive.h"
#include "fuzz-records.h"

/* What comes out of the pipe of the process that reads an archive, which may not be ours any more. The first byte says whether contents
 * are read. */

static void check_entry(const ArchiveEntry *e) {
        bool is_link = e->kind == ENTRY_SYMLINK || e->kind == ENTRY_HARD_LINK;

        fuzz_check(e->kind <= ENTRY_BLOCK && e->path && strlen(e->path) <= ENTRY_PATH_MAX && (e->target != NULL) == is_link);
        fuzz_check(!e->target || strlen(e->target) <= ENTRY_PATH_MAX);
        fuzz_check(e->mode <= 07777 && e->uid != UINT32_MAX && e->gid != UINT32_MAX && e->size <= INT64_MAX && e->n_xattrs <= ENTRY_XATTRS_MAX);
        for (size_t i = 0; i < e->n_xattrs; i++) {
                const uint8_t *value = e->xattrs[i].value;

                fuzz_check(e->xattrs[i].name && e->xattrs[i].size <= ENTRY_XATTR_SIZE_MAX);
                for (size_t k = 0; k < e->xattrs[i].size; k++)
                        (void) *(const volatile uint8_t *) &value[k];
        }
}

static int read_contents(Archive *a, const ArchiveEntry *e, Error **reterr) {
        uint64_t offset, last = 0;
        const void *piece;
        size_t size;
        int r;

        while ((r = archive_data(a, &piece, &size, &offset, reterr)) > 0) {
                fuzz_check(offset >= last && (e->kind == ENTRY_FILE));
                for (size_t i = 0; i < size; i++)
                        (void) *((const volatile uint8_t *) piece + i);
                last = offset + size;
        }
        return r;
}

/* Returns whether all of it was right, to its end. */
bool fuzz_read_records(int fd, bool contents) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(archive_freep) Archive *a = NULL;
        const ArchiveEntry *e = NULL;
        int r = archive_open_records(fd, "a.tar", &a, &error);

        fuzz_check_error(r, error);
        if (r < 0) {
                close(fd);
                return false;
        }
        while ((r = archive_next(a, &e, &error)) > 0) {
                check_entry(e);
                if (contents)
                        r = read_contents(a, e, &error);
                if (r < 0)
                        break;
        }
        fuzz_check_error(r, error);
        fuzz_check(strlen(archive_digest(a)) == 0 || strlen(archive_digest(a)) == DIGEST_HEX_SIZE - 1);
        return r == 0;
}

void fuzz_records(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        bool contents = fuzz_byte(&in) % 2;

        (void) fuzz_read_records(fuzz_file(in.data, in.size), contents);
}
