/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whose ids a tree is in, its owner tells, and to ask a thousand trees for theirs takes longer than all the rest of a start. So who has asked
 * leaves word for a few seconds: of a thousand new machines in a row, few ask. A tree that is given to somebody meanwhile is met as is one
 * that is given a moment after a look: who runs in a range holds its lock, which is always looked at. */

#include "idrange.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "find.h"
#include "text.h"

#define FILE_NAME IDENTITY_DIRECTORY "/.trees" /* no machine's name */
#define MAGIC UINT64_C(0x3173656572745f6e)
#define SECONDS 5
#define TREES_MAX 64 /* trees of others; of more, no word is left */

typedef struct Tree {
        uint64_t dev, ino;
        uint32_t base, count;
} Tree;

/* `sum` is of all behind it: nobody is kept from reading one that is just written. */
typedef struct Word {
        uint64_t magic, sum;
        uint64_t dev, ino; /* of IMAGE_DIRECTORY */
        int64_t boottime;  /* seconds, and whose boot that was is told by `realtime` */
        int64_t realtime;
        uint64_t n;
        Tree trees[TREES_MAX];
} Word;

static uint64_t sum_of(const Word *w) {
        uint64_t sum = UINT64_C(0xcbf29ce484222325);

        for (const uint8_t *p = (const uint8_t *) &w->dev; p < (const uint8_t *) (w + 1); p++)
                sum = (sum ^ *p) * UINT64_C(0x100000001b3);
        return sum;
}

static int64_t seconds_of(clockid_t clock) {
        struct timespec t = {};

        (void) clock_gettime(clock, &t);
        return t.tv_sec;
}

static bool is_recent(int64_t then, int64_t now) {
        return then <= now && now - then < SECONDS;
}

static bool read_word(const struct stat *directory, Word *ret) {
        _cleanup_close_ int fd = open(FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        return fd >= 0 && pread(fd, ret, sizeof(*ret), 0) == (ssize_t) sizeof(*ret) && ret->magic == MAGIC && ret->n <= TREES_MAX &&
                ret->dev == directory->st_dev && ret->ino == directory->st_ino && is_recent(ret->boottime, seconds_of(CLOCK_BOOTTIME)) &&
                is_recent(ret->realtime, seconds_of(CLOCK_REALTIME)) && ret->sum == sum_of(ret);
}

static void leave_word(Word *w) {
        _cleanup_close_ int fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

        w->sum = sum_of(w);
        if (fd >= 0 && pwrite(fd, w, sizeof(*w), 0) != (ssize_t) sizeof(*w))
                (void) unlink(FILE_NAME);
}

static int add(UidRanges *taken, const Tree *t, const struct stat *own) {
        return t->dev == own->st_dev && t->ino == own->st_ino ? 0 : idranges_add(taken, (UidRange){ t->base, t->count });
}

/* systemd-nspawn -U has chowned them, and they come back for the range. */
static int look(DIR *dir, const struct stat *own, Word *w, UidRanges *taken) {
        int r = 0;

        for (struct dirent *d; r >= 0 && (d = readdir(dir));) {
                struct stat st;
                Tree tree;

                if ((d->d_type != DT_DIR && d->d_type != DT_UNKNOWN) || fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                    !S_ISDIR(st.st_mode) || st.st_uid < IDRANGE_SIZE)
                        continue;
                tree = (Tree){ st.st_dev, st.st_ino, st.st_uid - st.st_uid % IDRANGE_SIZE, IDRANGE_SIZE };
                r = add(taken, &tree, own);
                if (w->n < TREES_MAX)
                        w->trees[w->n] = tree;
                w->n++;
        }
        return r;
}

int idranges_of_trees(int root, bool lately, UidRanges *taken) {
        _cleanup_closedir_ DIR *dir = opendir(IMAGE_DIRECTORY);
        struct stat own = {}, directory;
        Word word = {};
        int r = 0;

        if (!dir || fstat(dirfd(dir), &directory) < 0)
                return 0;
        if (root >= 0)
                (void) fstat(root, &own);
        if (lately && read_word(&directory, &word)) {
                for (size_t i = 0; r >= 0 && i < word.n; i++)
                        r = add(taken, word.trees + i, &own);
                return r;
        }
        word = (Word){
                .magic = MAGIC, .dev = directory.st_dev, .ino = directory.st_ino,
                .boottime = seconds_of(CLOCK_BOOTTIME), .realtime = seconds_of(CLOCK_REALTIME),
        };
        r = look(dir, &own, &word, taken);
        if (r >= 0 && lately && word.n <= TREES_MAX)
                leave_word(&word);
        return r;
}
