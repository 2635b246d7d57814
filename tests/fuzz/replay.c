/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Give each target its seeds (SEEDS/TARGET/…), once: what was mended stays so. Needs no fuzzer; with the sanitizers of the build. Says
 * of each target how it went as cmocka does. */

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "table.h"

#define SEED_MAX (4U << 20)

static int replay_seed(const FuzzTarget *t, int dir, const char *name) {
        _cleanup_free_ char *data = NULL;
        _cleanup_free_ uint8_t *exact = NULL;
        _cleanup_fclose_ FILE *f = NULL;
        int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
        size_t size;

        f = fd < 0 ? NULL : fdopen(fd, "re");
        data = malloc(SEED_MAX);
        if (!f || !data)
                return -1;
        size = fread(data, 1, SEED_MAX, f);
        exact = malloc(size ? size : 1);
        if (!exact)
                return -1;
        memcpy(exact, data, size);
        t->run(exact, size);
        return 0;
}

static int replay_target(const FuzzTarget *t, const char *seeds) {
        _cleanup_closedir_ DIR *d = NULL;
        char path[4096];
        struct dirent *e;
        int n = 0;

        snprintf(path, sizeof(path), "%s/%s", seeds, t->name);
        d = opendir(path);
        while (d && (e = readdir(d)))
                if (e->d_name[0] != '.') {
                        if (replay_seed(t, dirfd(d), e->d_name) < 0) {
                                fprintf(stderr, "Cannot read %s/%s\n", path, e->d_name);
                                return -1;
                        }
                        n++;
                }
        return n > 0 ? 0 : -1; /* one without seeds says nothing */
}

int main(int argc, char **argv) {
        int failed = 0;

        if (argc < 2)
                return 2;
        fuzz_settle();
        for (const FuzzTarget *t = fuzz_targets; t->name; t++) {
                bool wanted = argc == 2;

                for (int i = 2; i < argc; i++)
                        wanted = wanted || strcmp(argv[i], t->name) == 0;
                if (!wanted)
                        continue;
                fprintf(stderr, "[ RUN      ] %s\n", t->name);
                if (replay_target(t, argv[1]) < 0) {
                        fprintf(stderr, "[  FAILED  ] %s\n", t->name);
                        failed = 1;
                } else
                        fprintf(stderr, "[       OK ] %s\n", t->name);
        }
        return failed;
}
