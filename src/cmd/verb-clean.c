/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "discard.h"
#include "entry.h"
#include "image-change.h"
#include "log.h"
#include "strv.h"
#include "table.h"
#include "text.h"
#include "verb-list.h"

/* nbox clean: hidden images, which are what a download that was cut short has left; with --all, all images. As machinectl(1) does, without asking. */

enum { OPT_ALL = 1 };

const VerbOption clean_options[] = {
        { { .name = "all", .letter = 'a' }, OPT_ALL, "Remove all images, not only hidden ones" },
        {},
};

/* Hidden, and no name of ours or of a lock: those begin with ".#". */
static bool is_hidden(const char *entry) {
        return entry[0] == '.' && entry[1] != '#' && entry[1] && strcmp(entry, "..") != 0 && string_is_clean(entry);
}

static bool is_image(int dir, const char *entry) {
        size_t n = strlen(entry);
        struct stat st;

        if (fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return false;
        return S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && n > 5 && strcmp(entry + n - 4, ".raw") == 0);
}

static int hide(const ImageEntry *e, char **ret, Error **reterr) {
        *ret = discard_name();
        if (!*ret)
                return error_oom(reterr);
        return renameat2(e->dir, e->file, e->dir, *ret, RENAME_NOREPLACE) < 0 ? error_errno(reterr, errno, "Cannot remove %s/%s", e->directory, e->file) : 0;
}

static int remove_hidden(const char *directory, const char *file, Error **reterr) {
        _cleanup_(image_entry_freep) ImageEntry *e = NULL;
        _cleanup_free_ char *name = NULL;
        int r = image_entry_open(directory, file, &e, reterr);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = image_entry_check_mounts(e, reterr);
        if (r >= 0)
                r = hide(e, &name, reterr);
        return r < 0 ? r : discard(e->dir, name, reterr);
}

static int collect_hidden(const char *directory, char ***ret) {
        _cleanup_closedir_ DIR *d = opendir(directory);
        int r = 0;

        for (struct dirent *e; r >= 0 && d && (e = readdir(d));)
                if (is_hidden(e->d_name) && is_image(dirfd(d), e->d_name))
                        r = strv_append(ret, e->d_name);
        return r;
}

typedef struct Count {
        unsigned removed, failed;
} Count;

static void count(Count *c, const char *name, int r, const Error *error) {
        char shown[512];

        if (r >= 0) {
                printf("Removed image '%s'\n", show_text(name, shown, sizeof(shown)));
                c->removed++;
                return;
        }
        log_report(LOG_LEVEL_WARNING, r, error);
        c->failed += r != -EBUSY; /* one that is in use stays, as with machinectl(1) */
}

/* What lies where nobody may write came with the system, and stays. */
static int clean_hidden(const char *directory, Count *c, Error **reterr) {
        _cleanup_strv_ char **names = NULL;

        if (collect_hidden(directory, &names) < 0)
                return error_oom(reterr);
        for (char **name = names; name && *name; name++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = remove_hidden(directory, *name, &error);

                if (r != -EROFS)
                        count(c, *name, r, error);
        }
        return 0;
}

static int clean_all(Count *c, Error **reterr) {
        Image **images = NULL;
        size_t n = 0;
        int r = image_list(&images, &n, reterr);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(removed_done) Removed done = {};
                int k = image_remove(&(RemoveRequest){ .name = images[i]->name }, &done, &error);

                if (k != -EROFS)
                        count(c, images[i]->name, k, error);
        }
        image_list_free(images, n);
        return r;
}

int verb_clean(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        bool all = false;
        Count c = {};
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                all = true;
        if (r >= 0)
                r = verb_check_operands(&args, 0, 0, reterr);
        for (size_t i = 0; r >= 0 && image_search_directory(i); i++)
                r = clean_hidden(image_search_directory(i), &c, reterr);
        if (r >= 0 && all)
                r = clean_all(&c, reterr);
        if (r < 0)
                return r;
        printf("Removed %u image%s in total.\n", c.removed, c.removed == 1 ? "" : "s");
        return c.failed > 0;
}
