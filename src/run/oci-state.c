/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "cgroup.h"
#include "fd.h"
#include "file.h"
#include "oci-load.h"
#include "pidfd.h"
#include "process.h"
#include "strv.h"
#include "text.h"

#define ID_MAX 255

const char *oci_status_name(OciStatus s) {
        static const char *const names[] = { [OCI_CREATING] = "creating", [OCI_CREATED] = "created", [OCI_RUNNING] = "running",
                                             [OCI_PAUSED] = "paused", [OCI_STOPPED] = "stopped" };

        return names[s];
}

void oci_state_free(OciState *s) {
        if (!s)
                return;
        close_fd(s->lock);
        free(s->id);
        free(s->path);
        free(s->bundle);
        free(s->root);
        free(s->created);
        free(s->cgroup);
        free(s->scope);
        free(s->machine);
        json_decref(s->annotations);
        free(s);
}

int oci_id_check(const char *id, Error **reterr) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";

        if (*id && strlen(id) <= ID_MAX && id[strspn(id, allowed)] == 0 && strcmp(id, ".") != 0 && strcmp(id, "..") != 0)
                return 0;
        return error_set(reterr, EINVAL, "'%.80s' is no container id: letters, digits and _ + - . are allowed", id);
}

static OciState *state_new(const char *root, const char *id) {
        OciState *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->lock = -1;
        s->id = strdup(id);
        if (s->id && asprintf(&s->path, "%s/%s", root, id) >= 0)
                return s;
        s->path = NULL;
        oci_state_free(s);
        return NULL;
}

/* The one who has it may have removed it meanwhile. */
static int lock_directory(OciState *s, int how) {
        struct stat st, now;

        s->lock = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (s->lock < 0 || flock(s->lock, how) < 0 || fstat(s->lock, &st) < 0 || stat(s->path, &now) < 0)
                return -errno;
        return st.st_ino == now.st_ino && st.st_dev == now.st_dev ? 0 : -ENOENT;
}

int oci_state_make(const char *root, const char *id, OciState **ret, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = state_new(root, id);
        char text[32];
        time_t now = time(NULL);
        struct tm tm;
        int r;

        if (!s)
                return error_oom(reterr);
        r = mkdir_parents(root, 0700);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the directory %s", root);
        if (mkdir(s->path, 0700) < 0) {
                if (errno != EEXIST)
                        return error_errno(reterr, errno, "Cannot make the directory %s", s->path);
                error_set(reterr, EEXIST, "Container with id exists already: %s", id);
                return error_hint(reterr, -EEXIST, "`nbox oci state %s` shows it, `nbox oci delete --force %s` removes it.", id, id);
        }
        r = lock_directory(s, LOCK_EX);
        if (r < 0)
                return error_errno(reterr, r, "Cannot lock %s", s->path);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
        if (!(s->created = strdup(text)))
                return error_oom(reterr);
        *ret = TAKE_PTR(s);
        return 0;
}

int oci_state_save(const OciState *s, Error **reterr) {
        json_t *j = json_pack("{s:s, s:I, s:I, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:O*}", "id", s->id, "pid", (json_int_t) s->pid, "startTime",
                              (json_int_t) s->start_time, "bundle", s->bundle, "rootfs", s->root, "created", s->created, "cgroup", s->cgroup,
                              "scope", s->scope, "machine", s->machine, "annotations", s->annotations);
        _cleanup_free_ char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
        int r;

        json_decref(j);
        if (!text)
                return error_set(reterr, EINVAL, "Cannot write down the state of container %s: a value is no UTF-8", s->id);
        r = file_replace(s->lock, "state.json", text, 0600);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s/state.json", s->path) : 0;
}

int oci_state_keep_config(const OciState *s, const OciSpec *spec, Error **reterr) {
        _cleanup_free_ char *text = json_dumps(spec->json, JSON_COMPACT);
        int r = text ? file_replace(s->lock, "config.json", text, 0600) : -ENOMEM;

        return r < 0 ? error_errno(reterr, r, "Cannot write %s/config.json", s->path) : 0;
}

int oci_state_load_config(const OciState *s, OciSpec **ret, Error **reterr) {
        return oci_spec_load_kept(s->path, ret, reterr);
}

static int take_text(json_t *j, const char *key, char **ret) {
        const char *text = json_string_value(json_object_get(j, key));

        return text ? string_set(ret, text) : 0;
}

static int take(OciState *s, json_t *j) {
        struct {
                const char *key;
                char **to;
        } texts[] = { { "bundle", &s->bundle }, { "rootfs", &s->root }, { "created", &s->created }, { "cgroup", &s->cgroup },
                      { "scope", &s->scope }, { "machine", &s->machine } };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++)
                r = take_text(j, texts[i].key, texts[i].to);
        s->pid = (pid_t) json_integer_value(json_object_get(j, "pid"));
        s->start_time = (uint64_t) json_integer_value(json_object_get(j, "startTime"));
        s->annotations = json_incref(json_object_get(j, "annotations"));
        return r;
}

static int open_state(const char *root, const char *id, int lock, OciState **ret, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        _cleanup_free_ char *file = NULL, *text = NULL;
        _cleanup_config_json_ json_t *j = NULL;
        int r = oci_id_check(id, reterr);

        if (r < 0)
                return r;
        s = state_new(root, id);
        if (!s || asprintf(&file, "%s/state.json", s->path) < 0)
                return error_oom(reterr);
        r = lock ? lock_directory(s, lock) : access(s->path, F_OK) < 0 ? -errno : 0;
        if (r == -EWOULDBLOCK)
                return error_set(reterr, EBUSY, "Container %s is just being changed by another nbox", id);
        if (r == -ENOENT)
                return error_set(reterr, ENOENT, "There is no container '%s': it does not exist", id);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open %s", s->path);
        r = file_read(AT_FDCWD, file, OCI_TEXT_MAX, &text);
        if (r == -ENOENT) { /* its making was cut short before there was anything to undo */
                *ret = TAKE_PTR(s);
                return 0;
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", file);
        r = oci_load(text, strlen(text), file, &j, reterr);
        if (r >= 0 && take(s, j) < 0)
                r = error_oom(reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

int oci_state_open(const char *root, const char *id, bool locked, OciState **ret, Error **reterr) {
        return open_state(root, id, locked ? LOCK_EX : 0, ret, reterr);
}

int oci_state_try(const char *root, const char *id, OciState **ret, Error **reterr) {
        return open_state(root, id, LOCK_EX | LOCK_NB, ret, reterr);
}

int oci_state_remove(OciState *s, Error **reterr) {
        static const char *const files[] = { "start", "config.json", "notify", "state.json" };

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (unlinkat(s->lock, files[i], 0) < 0 && errno != ENOENT)
                        return error_errno(reterr, errno, "Cannot remove %s/%s", s->path, files[i]);
        return rmdir(s->path) < 0 && errno != ENOENT ? error_errno(reterr, errno, "Cannot remove %s", s->path) : 0;
}

int oci_state_init(const OciState *s) {
        _cleanup_close_ int fd = s->pid > 0 ? pidfd_of(s->pid) : -ESRCH;
        uint64_t start;

        if (fd < 0)
                return fd;
        if (process_start_time(s->pid, &start) < 0 || start != s->start_time || pidfd_kill(fd, 0) < 0)
                return -ESRCH;
        return TAKE_FD(fd);
}

/* A zombie that nobody has reaped yet has ended. */
static bool has_ended(pid_t pid) {
        _cleanup_free_ char *text = NULL;
        const char *state;
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
        if (file_read(AT_FDCWD, path, 4096, &text) < 0)
                return true;
        state = strrchr(text, ')');
        return !state || strncmp(state, ") Z", 3) == 0 || strncmp(state, ") X", 3) == 0;
}

/* Who connects and says nothing is not minded. */
static bool waits_for_start(const OciState *s) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;

        if (asprintf(&path, "%s/start", s->path) < 0)
                return false;
        fd = unix_connect(path, SOCK_SEQPACKET);
        return fd >= 0;
}

OciStatus oci_state_status(const OciState *s) {
        _cleanup_close_ int init = oci_state_init(s);

        if (s->pid == 0)
                return OCI_CREATING;
        if (init < 0 || has_ended(s->pid))
                return OCI_STOPPED;
        if (waits_for_start(s))
                return OCI_CREATED;
        return s->cgroup && cgroup_is_frozen(s->cgroup) ? OCI_PAUSED : OCI_RUNNING;
}

json_t *oci_state_json(const OciState *s, OciStatus status) {
        json_t *j = json_pack("{s:s, s:s, s:s, s:s*}", "ociVersion", "1.2.0", "id", s->id, "status", oci_status_name(status), "bundle", s->bundle);

        if (!j)
                return NULL;
        if (status != OCI_CREATING || s->pid > 0) /* 0 is said of one that has ended, as others do */
                (void) json_object_set_new(j, "pid", json_integer(status == OCI_STOPPED ? 0 : s->pid));
        if (s->annotations)
                (void) json_object_set(j, "annotations", s->annotations);
        return j;
}

int oci_state_list(const char *root, char ***ret, Error **reterr) {
        _cleanup_closedir_ DIR *dir = opendir(root);
        _cleanup_strv_ char **ids = NULL;
        int r = 0;

        if (!dir)
                return errno == ENOENT ? (*ret = NULL, 0) : error_errno(reterr, errno, "Cannot read %s", root);
        for (struct dirent *e; (e = fd_readdir(dir, &r));)
                if (oci_id_check(e->d_name, NULL) >= 0 && strv_append(&ids, e->d_name) < 0)
                        return error_oom(reterr);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", root);
        strv_sort(ids);
        *ret = TAKE_PTR(ids);
        return 0;
}
