/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "unpack.h"

/* An archive, as its reader says it (fuzz-records.c), becomes a tree, in a directory with two neighbours: what is in them stays as it was, whatever the
 * archive wants. The first byte says how it is unpacked. */

enum {
        HOW_WHITEOUTS = 1 << 0,
        HOW_BELOW = 1 << 1,
        HOW_PREFIX = 1 << 2,
};

static const char words[] = "as it was";

static int make_directory(int in, const char *name) {
        int fd;

        fuzz_check(mkdirat(in, name, 0755) == 0);
        fd = openat(in, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fuzz_check(fd >= 0);
        return fd;
}

static void put_words(int dir, const char *name) {
        _cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

        fuzz_check(fd >= 0 && write(fd, words, sizeof(words)) == sizeof(words));
}

static size_t count(int dir) {
        _cleanup_closedir_ DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        struct dirent *e;
        size_t n = 0;

        fuzz_check(d);
        while ((e = readdir(d)))
                n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
        return n;
}

static void check_words(int dir, const char *name) {
        _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        char text[sizeof(words) + 1];
        struct stat st;

        fuzz_check(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0644 && st.st_nlink == 1);
        fuzz_check(read(fd, text, sizeof(text)) == sizeof(words) && memcmp(text, words, sizeof(words)) == 0);
}

static void unpack(Archive *a, unsigned how, int to, int below) {
        const UnpackWish wish = { .whiteouts = how & HOW_WHITEOUTS, .below = how & HOW_BELOW ? below : -1, .size_max = 1 << 20,
                                  .prefix = how & HOW_PREFIX ? "tree/" : NULL };
        _cleanup_(error_freep) Error *error = NULL;
        UnpackResult result = {};
        int r = unpack_tree(a, to, &wish, &result, &error);

        fuzz_check_error(r, error);
        fuzz_check(result.bytes <= wish.size_max);
}

void fuzz_unpack(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        unsigned how = fuzz_byte(&in);
        int records = fuzz_file(in.data, in.size), outside = fuzz_directory(NULL);
        _cleanup_close_ int to = make_directory(outside, "tree"), below = make_directory(outside, "below"), beneath = make_directory(below, "d");
        _cleanup_(archive_freep) Archive *a = NULL;

        put_words(outside, "f");
        put_words(below, "f");
        put_words(beneath, "f");
        if (archive_open_records(records, "a.tar", &a, NULL) < 0)
                close(records);
        else
                unpack(a, how, to, below);
        check_words(outside, "f");
        check_words(below, "f");
        check_words(beneath, "f");
        fuzz_check(count(outside) == 3 && count(below) == 2 && count(beneath) == 1);
        fuzz_clear();
}
