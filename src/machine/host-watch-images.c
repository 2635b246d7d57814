/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "fd.h"
#include "find.h"
#include "host-watch-parts.h"
#include "snapshot.h"
#include "store.h"

/* Images come and go by mkdir(1) and rm(1) as well as by nbox, so it is their directories that are watched: what is in them is listed anew
 * when anything happens there, and compared. Of what inotify says only renames are taken, for a list does not show them. Hidden names are
 * no images: what is being made has one, and so an image is there when it is whole. Of snapshots there is nothing to see for who may not
 * look into the store (store.h), and of images nothing for who may not list them. */

#define CHANGES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define PATIENCE_USEC 50000
#define IMAGES_PARENT "/var/lib" /* of IMAGE_DIRECTORY, which a host gets with its first image */

typedef struct Rename {
        char *from, *to; /* to: NULL where it is hidden now, or not in sight */
        uint32_t cookie;
        bool whole;      /* both halves have come, which are two entries of inotify's queue */
} Rename;

typedef struct ImageWatch {
        HostWatch *watch;
        int fd; /* inotify */
        EventSource *source;
        EventSource *patience; /* while a rename's other half is waited for */
        char **images;    /* names, sorted */
        char **snapshots; /* "IMAGE/SNAPSHOT", sorted */
        Rename *renames;  /* of images, since they were listed */
        size_t n_renames;
} ImageWatch;

static int list_images(char ***ret) {
        _cleanup_strv_ char **names = calloc(1, sizeof(char *));
        Image **images;
        size_t n;
        int r = names ? image_list(&images, &n, NULL) : -ENOMEM;

        if (r < 0)
                return r;
        for (size_t i = 0; i < n && r >= 0; i++)
                r = strv_append(&names, images[i]->name);
        image_list_free(images, n);
        if (r < 0)
                return r;
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

/* The directories of the store at `place`, one for each image that has snapshots; each is watched from before it is read. */
static int list_snapshots_of(ImageWatch *w, const char *place, const char *entry, char ***names) {
        _cleanup_closedir_ DIR *d = NULL;
        char path[PATH_MAX];
        size_t n = strlen(entry);
        int r = 0;

        if (*entry == '.' || snprintf(path, sizeof(path), "%s/%s", place, entry) >= (int) sizeof(path))
                return 0;
        (void) inotify_add_watch(w->fd, path, CHANGES);
        d = opendir(path);
        if (n > 4 && strcmp(entry + n - 4, ".raw") == 0)
                n -= 4;
        for (struct dirent *e; d && r >= 0 && (e = readdir(d));)
                if (snapshot_name_is_valid(e->d_name))
                        r = strv_appendf(names, "%.*s/%s", (int) n, entry, e->d_name);
        return r;
}

static int list_snapshots(ImageWatch *w, char ***ret) {
        _cleanup_strv_ char **names = calloc(1, sizeof(char *));
        const char *directory;
        int r = names ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && (directory = image_search_directory(i)); i++) {
                _cleanup_closedir_ DIR *d = NULL;
                char path[PATH_MAX];

                snprintf(path, sizeof(path), "%s/%s", directory, STORE_NAME);
                (void) inotify_add_watch(w->fd, path, CHANGES);
                snprintf(path, sizeof(path), "%s/%s/snapshots", directory, STORE_NAME);
                (void) inotify_add_watch(w->fd, path, CHANGES);
                d = opendir(path);
                for (struct dirent *e; d && r >= 0 && (e = readdir(d));)
                        r = list_snapshots_of(w, path, e->d_name, &names);
        }
        if (r < 0)
                return r;
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

/* Places that came since. Watching a place twice is once. */
static void watch_places(ImageWatch *w) {
        const char *directory;

        for (size_t i = 0; (directory = image_search_directory(i)); i++)
                if (inotify_add_watch(w->fd, directory, CHANGES) < 0 && errno == ENOENT && strcmp(directory, IMAGE_DIRECTORY) == 0)
                        (void) inotify_add_watch(w->fd, IMAGES_PARENT, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

/* ---- what has changed ---- */

static bool take_out(char **list, const char *name) {
        for (size_t i = 0; list[i]; i++)
                if (strcmp(list[i], name) == 0) {
                        free(list[i]);
                        for (; list[i]; i++)
                                list[i] = list[i + 1];
                        return true;
                }
        return false;
}

static bool has_of(char *const *snapshots, const char *image) {
        size_t n = strlen(image);

        for (; *snapshots; snapshots++)
                if (strncmp(*snapshots, image, n) == 0 && (*snapshots)[n] == '/')
                        return true;
        return false;
}

/* The snapshots of an image go with its name, a moment before or after it, and are the same ones. */
static int rename_snapshots(ImageWatch *w, const Rename *rename, char *const *now) {
        size_t n = strlen(rename->from);

        if (!rename->to || has_of(now, rename->from))
                return 0;
        for (char **s = w->snapshots; *s; s++) {
                char *renamed;

                if (strncmp(*s, rename->from, n) != 0 || (*s)[n] != '/')
                        continue;
                if (asprintf(&renamed, "%s%s", rename->to, *s + n) < 0)
                        return -ENOMEM;
                free(*s);
                *s = renamed;
        }
        return 0;
}

static int say_renamed(ImageWatch *w, const Rename *rename, char **now) {
        HostEvent *e;

        if (!rename->to || !strv_contains(w->images, rename->from) || strv_contains(now, rename->from) || !strv_contains(now, rename->to))
                return 0;
        e = host_event_new(EVENT_IMAGE_RENAMED, rename->from);
        if (!e || strv_appendf(&e->words, "new_name=%s", rename->to) < 0 ||
            strv_append(&w->images, rename->to) < 0) {
                host_event_free(e);
                return -ENOMEM;
        }
        (void) take_out(w->images, rename->from);
        return host_watch_say(w->watch, e);
}

static int say_one(ImageWatch *w, EventKind kind, const char *name) {
        const char *slash = kind == EVENT_SNAPSHOT_ADDED || kind == EVENT_SNAPSHOT_REMOVED ? strchr(name, '/') : NULL;
        _cleanup_free_ char *image = slash ? strndup(name, (size_t) (slash - name)) : strdup(name);
        HostEvent *e = image ? host_event_new(kind, image) : NULL;

        if (e && slash && strv_appendf(&e->words, "snapshot=%s", slash + 1) < 0) {
                host_event_free(e);
                return -ENOMEM;
        }
        return host_watch_say(w->watch, e);
}

static int say_differences(ImageWatch *w, char **before, char **now, EventKind added, EventKind removed) {
        int r = 0;

        for (char **s = before; *s && r >= 0; s++)
                if (!strv_contains(now, *s))
                        r = say_one(w, removed, *s);
        for (char **s = now; *s && r >= 0; s++)
                if (!strv_contains(before, *s))
                        r = say_one(w, added, *s);
        return r;
}

static void forget_renames(ImageWatch *w) {
        for (size_t i = 0; i < w->n_renames; i++) {
                free(w->renames[i].from);
                free(w->renames[i].to);
        }
        free(w->renames);
        w->renames = NULL;
        w->n_renames = 0;
}

static int look_again(ImageWatch *w) {
        _cleanup_strv_ char **images = NULL, **snapshots = NULL;
        int r;

        watch_places(w);
        r = list_images(&images);
        if (r >= 0)
                r = list_snapshots(w, &snapshots);
        for (size_t i = 0; r >= 0 && i < w->n_renames; i++) {
                r = rename_snapshots(w, w->renames + i, snapshots);
                if (r >= 0)
                        r = say_renamed(w, w->renames + i, images);
        }
        forget_renames(w);
        if (r >= 0)
                r = say_differences(w, w->images, images, EVENT_IMAGE_ADDED, EVENT_IMAGE_REMOVED);
        if (r >= 0)
                r = say_differences(w, w->snapshots, snapshots, EVENT_SNAPSHOT_ADDED, EVENT_SNAPSHOT_REMOVED);
        if (r < 0)
                return r;
        strv_free(w->images);
        strv_free(w->snapshots);
        w->images = TAKE_PTR(images);
        w->snapshots = TAKE_PTR(snapshots);
        return 0;
}

/* A disk image goes without ".raw". NULL: a hidden one, or no memory. */
static char *name_of(const char *entry) {
        size_t n = strlen(entry);

        if (*entry == '.')
                return NULL;
        return strndup(entry, n > 4 && strcmp(entry + n - 4, ".raw") == 0 ? n - 4 : n);
}

static int note_rename(ImageWatch *w, const struct inotify_event *e) {
        Rename *grown;

        if (e->mask & IN_MOVED_TO) {
                for (size_t i = 0; i < w->n_renames; i++)
                        if (w->renames[i].cookie == e->cookie && !w->renames[i].whole) {
                                w->renames[i].to = name_of(e->name);
                                w->renames[i].whole = true;
                        }
                return 0;
        }
        grown = reallocarray(w->renames, w->n_renames + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        w->renames = grown;
        grown[w->n_renames] = (Rename){ .from = name_of(e->name), .cookie = e->cookie };
        w->n_renames += grown[w->n_renames].from != NULL;
        return 0;
}

/* 0, or 1: some of it is lost. */
static int read_changes(ImageWatch *w) {
        _Alignas(struct inotify_event) char buf[8192];
        bool lost = false;
        ssize_t n;
        int r = 0;

        while (r >= 0 && (n = read(w->fd, buf, sizeof(buf))) > 0)
                for (char *p = buf; r >= 0 && p < buf + n;) {
                        const struct inotify_event *e = (const struct inotify_event *) p;

                        lost = lost || (e->mask & IN_Q_OVERFLOW);
                        if (e->len > 0 && (e->mask & (IN_MOVED_FROM | IN_MOVED_TO)))
                                r = note_rename(w, e);
                        p += sizeof(*e) + e->len;
                }
        return r < 0 ? r : lost;
}

static bool has_half_a_rename(const ImageWatch *w) {
        for (size_t i = 0; i < w->n_renames; i++)
                if (!w->renames[i].whole)
                        return true;
        return false;
}

/* What was moved to where nobody looks has no other half. */
static int on_patience(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        ImageWatch *w = userdata;
        int r;

        w->patience = event_source_free(w->patience);
        r = look_again(w);
        return r < 0 ? event_exit(w->watch->loop, r) : 0;
}

static int look_soon(ImageWatch *w) {
        if (w->patience)
                return 0;
        return event_add_time_relative(w->watch->loop, &w->patience, PATIENCE_USEC, on_patience, w);
}

static int on_change(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        ImageWatch *w = userdata;
        int r = read_changes(w);

        if (r > 0)
                r = host_watch_say(w->watch, host_event_new(EVENT_OVERFLOW, ""));
        if (r >= 0 && has_half_a_rename(w))
                r = look_soon(w);
        else if (r >= 0) {
                w->patience = event_source_free(w->patience);
                r = look_again(w);
        }
        return r < 0 ? event_exit(w->watch->loop, r) : 0;
}

int watch_images_begin(HostWatch *watch, Error **reterr) {
        ImageWatch *w = watch->images = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return error_oom(reterr);
        *w = (ImageWatch){ .watch = watch, .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK) };
        r = w->fd < 0 ? -errno : event_add_io(watch->loop, &w->source, w->fd, EPOLLIN, on_change, w);
        if (r >= 0) {
                watch_places(w);
                r = list_images(&w->images);
        }
        if (r >= 0)
                r = list_snapshots(w, &w->snapshots);
        return r < 0 ? error_errno(reterr, r, "Cannot watch for images") : 0;
}

void watch_images_end(HostWatch *watch) {
        ImageWatch *w = watch->images;

        if (!w)
                return;
        forget_renames(w);
        event_source_free(w->source);
        event_source_free(w->patience);
        close_fd(w->fd);
        strv_free(w->images);
        strv_free(w->snapshots);
        free(w);
        watch->images = NULL;
}
