/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "archive-give.h"
#include "fuzz-records.h"

/* An archive, as the process that reads one gives it on: in this process, for what it says is read back by fuzz-records.c's side of it. The first byte
 * says whether it is a layer's. */

/* Of a few bytes these make gigabytes, which whoever unpacks an archive bounds, but not we. */
static bool is_bomb(const FuzzInput *in) {
        static const char *const marks[] = { "\x28\xb5\x2f\xfd", "BZh", "\x04\x22\x4d\x18", "\x1f\x9d" };

        for (size_t i = 0; i < ELEMENTSOF(marks); i++)
                if (memmem(in->data, in->size, marks[i], strlen(marks[i])))
                        return true;
        return false;
}

static void give(const FuzzInput *in, bool is_layer) {
        static ArchiveLibrary library; /* opened once */
        int archive = fuzz_file(in->data, in->size), records = fuzz_file("", 0);
        ArchiveOut out;
        ArchiveGiving giving = { .library = &library, .archive = archive, .out = &out };
        int r;

        fuzz_check(library.read_new || archive_library_load(&library) >= 0);
        fuzz_check(out_begin(&out, records) >= 0 && (!is_layer || digest_new(&giving.digest, NULL) >= 0));
        r = archive_give(&giving);
        digest_free(giving.digest);
        free(out.buffer);
        close(archive);
        fuzz_check(lseek(records, 0, SEEK_SET) == 0);
        fuzz_check(fuzz_read_records(records, true) == (r >= 0));
}

void fuzz_tar(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        bool is_layer = fuzz_byte(&in) % 2;

        if (!is_bomb(&in))
                give(&in, is_layer);
}
