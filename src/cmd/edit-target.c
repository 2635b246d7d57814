/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Killed at any moment, there is the old file or the new one, and perhaps a hidden draft beside it that nobody reads and the next edit or sweep
 * removes: what is new is written to a file of its own, synced, and renamed. Who edits by hand is not locked out by that: before the rename the
 * old file is read again. */

#include "edit-target.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "file.h"
#include "lock-file.h"
#include "record.h"
#include "settings.h"

#define LOCKS RUN_DIRECTORY "/edit"
#define NOTE_MAX (2 * PATH_MAX)
#define OVERRIDE "override" /* systemctl(1) edit's */

/* ---- which ---- */

static int check_drop_in(const char *word, Error **reterr) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

        if (*word && *word != '.' && strlen(word) <= 200 && strspn(word, allowed) == strlen(word))
                return 0;
        error_set(reterr, EINVAL, "'%.80s' is no name for a drop-in", word);
        return error_hint(reterr, -EINVAL, "It has letters, digits, '.', '_' and '-', and begins with no dot: --drop-in=20-ports");
}

static int set_place(SettingsPlace *place, const EditWish *w, const char *drop_in, Error **reterr) {
        const char *directory = w->runtime ? "/run/nbox" : "/etc/nbox", *machine = w->subject->machine;
        size_t n = drop_in ? strlen(drop_in) : 0;
        int r;

        if (n > 5 && strcmp(drop_in + n - 5, ".conf") == 0)
                n -= 5;
        *place = (SettingsPlace){ .is_drop_in = drop_in, .has_specifiers = true };
        r = drop_in ? asprintf(&place->path, "%s/%s.conf.d/%.*s.conf", directory, machine, (int) n, drop_in)
                    : asprintf(&place->path, "%s/%s.conf", directory, machine);
        if (r < 0)
                place->path = NULL;
        return r < 0 ? error_oom(reterr) : 0;
}

/* What is there is edited, wherever it is; but what came with an image is added to, since its own main file would take all of it away, and not
 * be trusted less. */
static int choose_main(const EditWish *w, SettingsPlace *ret, Error **reterr) {
        _cleanup_(settings_places_done) SettingsPlaces places = {};
        int r = settings_places_find(w->subject->machine, w->subject->directory, &places, reterr);

        if (r < 0)
                return r;
        if (places.n == 0 || places.items[0].is_drop_in)
                return set_place(ret, w, NULL, reterr);
        if (places.items[0].is_beside)
                return set_place(ret, w, OVERRIDE, reterr);
        if (w->runtime && strncmp(places.items[0].path, "/run/", 5) != 0) {
                error_set(reterr, EEXIST, "%s is there, and counts before a file in /run", places.items[0].path);
                return error_hint(reterr, -EEXIST, "Add to it: nbox edit --runtime --drop-in=" OVERRIDE " %s", w->subject->machine);
        }
        *ret = places.items[0];
        places.items[0].path = NULL;
        return 0;
}

/* ---- what is there ---- */

static int follow_link(EditTarget *t, Error **reterr) {
        struct stat st;

        if (lstat(t->place.path, &st) < 0 || !S_ISLNK(st.st_mode)) {
                t->path = strdup(t->place.path);
                return t->path ? 0 : error_oom(reterr);
        }
        t->path = realpath(t->place.path, NULL);
        if (!t->path)
                return error_errno(reterr, errno, "%s is a link that leads nowhere", t->place.path);
        if (strcmp(t->path, "/dev/null") == 0) {
                error_set(reterr, EINVAL, "%s is a link to /dev/null, so that nothing of that name is read", t->place.path);
                return error_hint(reterr, -EINVAL, "Remove the link first: rm %s", t->place.path);
        }
        return 0;
}

static int read_old(EditTarget *t, Error **reterr) {
        struct stat st;
        int r = settings_read_file(t->path, true, &t->text, &t->size, reterr);

        if (r < 0)
                return r;
        t->is_new = r == 0;
        t->mode = !t->is_new && stat(t->path, &st) >= 0 ? st.st_mode & 0777 : 0644;
        if (t->is_new)
                t->text = strdup("");
        return t->text ? 0 : error_oom(reterr);
}

/* Beside the file, so that it can be renamed, and ending like it, so that editors know what it is. */
static char *hidden_path(const char *path, const char *word) {
        const char *entry = strrchr(path, '/') + 1, *suffix = strrchr(entry, '.') ?: "";
        char *hidden;

        return asprintf(&hidden, "%.*s.#%.*s.%s%s", (int) (entry - path), path, (int) (strlen(entry) - strlen(suffix)), entry, word, suffix) < 0
                ? NULL : hidden;
}

static int take_lock(EditTarget *t, const char *machine, Error **reterr) {
        _cleanup_close_ int dir = -1;
        int r = mkdir_parents(LOCKS, 0755);

        if (r >= 0 && (dir = open(LOCKS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
                r = -errno;
        if (r < 0)
                return error_errno(reterr, r, "Cannot make " LOCKS);
        t->lock_name = strdup(machine);
        if (!t->lock_name)
                return error_oom(reterr);
        t->lock = lock_file_take(dir, machine, false);
        if (t->lock == -EBUSY) {
                error_set(reterr, EBUSY, "Somebody else is editing the settings of '%s' just now", machine);
                return error_hint(reterr, -EBUSY, "`fuser " LOCKS "/%s` tells which process; try again when it has ended.", machine);
        }
        return t->lock < 0 ? error_errno(reterr, t->lock, "Cannot lock " LOCKS "/%s", machine) : 0;
}

static int make_parent(const char *path, Error **reterr) {
        _cleanup_free_ char *parent = strdup(path);
        int r;

        if (!parent)
                return error_oom(reterr);
        *strrchr(parent, '/') = 0;
        r = mkdir_parents(parent, 0755);
        return r < 0 ? error_errno(reterr, r, "Cannot make %s", parent) : 0;
}

/* What is hidden beside the file while it is edited stands in the lock: whoever is killed has it taken away by the next sweep. */
static int note_hidden(EditTarget *t, Error **reterr) {
        _cleanup_free_ char *new = hidden_path(t->path, "new"), *note = NULL;

        t->draft = hidden_path(t->path, "draft");
        if (!new || !t->draft || asprintf(&note, "%s\n%s\n", t->draft, new) < 0)
                return error_oom(reterr);
        if (ftruncate(t->lock, 0) < 0 || pwrite(t->lock, note, strlen(note), 0) != (ssize_t) strlen(note))
                return error_errno(reterr, errno, "Cannot write to " LOCKS "/%s", t->lock_name);
        return 0;
}

int edit_target_open(const EditWish *w, EditTarget *ret, Error **reterr) {
        _cleanup_(edit_target_done) EditTarget t = EDIT_TARGET_NONE;
        int r = w->drop_in ? check_drop_in(w->drop_in, reterr) : 0;

        if (r >= 0)
                r = take_lock(&t, w->subject->machine, reterr);
        if (r >= 0)
                r = w->drop_in ? set_place(&t.place, w, w->drop_in, reterr) : choose_main(w, &t.place, reterr);
        if (r >= 0)
                r = follow_link(&t, reterr);
        if (r >= 0)
                r = make_parent(t.path, reterr);
        if (r >= 0)
                r = read_old(&t, reterr);
        if (r >= 0)
                r = note_hidden(&t, reterr);
        if (r < 0)
                return r;
        *ret = t;
        t = EDIT_TARGET_NONE;
        return 0;
}

static void sweep_hidden(int lock) {
        _cleanup_free_ char *note = NULL;
        size_t size;
        char *state = NULL;

        if (fd_read_all(lock, NOTE_MAX, &note, &size) < 0)
                return;
        for (char *path = strtok_r(note, "\n", &state); path; path = strtok_r(NULL, "\n", &state))
                if (path[0] == '/' && strstr(path, "/.#")) /* a note may be cut short */
                        (void) unlink(path);
}

void edit_locks_sweep(void) {
        _cleanup_closedir_ DIR *d = opendir(LOCKS);

        for (struct dirent *e; d && (e = readdir(d));)
                if (e->d_name[0] != '.') {
                        _cleanup_close_ int lock = lock_file_take(dirfd(d), e->d_name, false);

                        if (lock < 0)
                                continue; /* somebody edits */
                        sweep_hidden(lock);
                        (void) unlinkat(dirfd(d), e->d_name, 0);
                }
}

void edit_target_done(EditTarget *t) {
        _cleanup_close_ int dir = open(LOCKS, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        if (t->draft)
                (void) unlink(t->draft);
        if (t->lock >= 0 && dir >= 0)
                (void) unlinkat(dir, t->lock_name, 0);
        t->lock = close_fd(t->lock);
        if (t->path && t->is_new && t->place.is_drop_in) { /* made for it, and nothing came of it */
                *strrchr(t->path, '/') = 0;
                (void) rmdir(t->path);
        }
        if (t->text)
                explicit_bzero(t->text, t->size); /* SetCredential= */
        free(t->lock_name);
        free(t->text);
        free(t->draft);
        free(t->path);
        free(t->place.path);
        *t = EDIT_TARGET_NONE;
}

/* ---- reading and writing ---- */

static int write_new(const char *path, const char *text, size_t size, mode_t mode) {
        _cleanup_close_ int fd = -1;
        int r;

        (void) unlink(path);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, text, size);
        if (r >= 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
                r = -errno;
        return r;
}

int edit_draft_write(const EditTarget *t, const char *text, size_t size, Error **reterr) {
        int r = write_new(t->draft, text, size, 0600);

        return r < 0 ? error_errno(reterr, r, "Cannot write %s", t->draft) : 0;
}

int edit_draft_read(const EditTarget *t, char **ret, size_t *ret_size, Error **reterr) {
        int r = settings_read_file(t->draft, false, ret, ret_size, reterr);

        return r == 0 ? error_set(reterr, ENOENT, "The editor has left no file") : r;
}

static int sync_parent(const char *path) {
        _cleanup_free_ char *parent = strdup(path);
        _cleanup_close_ int fd = -1;

        if (!parent)
                return -ENOMEM;
        *strrchr(parent, '/') = 0;
        fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int check_unchanged(EditTarget *t, Error **reterr) {
        _cleanup_free_ char *now = NULL;
        size_t size = 0;
        int r = settings_read_file(t->path, true, &now, &size, reterr);

        if (r < 0 || (r == 0 && t->is_new) || (r > 0 && !t->is_new && size == t->size && memcmp(now, t->text, size) == 0))
                return r < 0 ? r : 0;
        if (access(t->draft, F_OK) < 0)
                return error_set(reterr, ESTALE, "%s was changed by somebody else meanwhile, and is left as it is", t->path);
        error_set(reterr, ESTALE, "%s was changed by somebody else meanwhile, and is left as it is; yours is in %s", t->path, t->draft);
        t->draft = (free(t->draft), NULL);
        return -ESTALE;
}

int edit_target_replace(EditTarget *t, const char *text, size_t size, Error **reterr) {
        _cleanup_free_ char *new = hidden_path(t->path, "new");
        int r = new ? check_unchanged(t, reterr) : error_oom(reterr);

        if (r < 0)
                return r;
        r = write_new(new, text, size, t->mode);
        if (r >= 0 && rename(new, t->path) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlink(new);
                return error_errno(reterr, r, "Cannot write %s", t->path);
        }
        t->is_new = false;
        r = sync_parent(t->path);
        return r < 0 ? error_errno(reterr, r, "Cannot sync the directory of %s", t->path) : 0;
}

int edit_target_remove(EditTarget *t, Error **reterr) {
        if (unlink(t->path) < 0 && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot remove %s", t->path);
        t->is_new = true; /* edit_target_done() sees to the directory */
        return 0;
}
