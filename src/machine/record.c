/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "clock.h"
#include "fd.h"
#include "file.h"
#include "name.h"
#include "process.h"

/* Who owns a machine's name is a lock, not a file: flock() on the directory, which the kernel gives up for a
 * supervisor that dies in any way. The directory can be removed and made anew between opening and locking it, so
 * whoever has the lock looks whether it still is the one at the path, and else begins again. */

#define MACHINES_DIRECTORY RUN_DIRECTORY "/machines"
#define RECORD_MAX (64 * 1024)
#define CLAIM_TRIES 100
#define DIRECTORY_MODE 0711 /* not to be opened, and so not to be locked, by anybody but root */
#define CLAIM_PAUSE_USEC (50 * 1000)

char *record_path(const char *name) {
        char *path = NULL;

        return asprintf(&path, MACHINES_DIRECTORY "/%s", name) < 0 ? NULL : path;
}

/* Root's alone to write to. Whatever the umask of who came first, others may look. */
static int make_directory(const char *path, Error **reterr) {
        struct stat st;

        if (mkdir(path, 0755) < 0 ? errno != EEXIST : chmod(path, 0755) < 0)
                return error_errno(reterr, errno, "Cannot make %s", path);
        if (lstat(path, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", path);
        if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
                return error_set(reterr, EPERM, "%s is not a directory that only root can write to", path);
        return 0;
}

/* 1, 0, or why that cannot be said. */
static int is_at_path(int fd, const char *path) {
        struct stat a, b;

        if (fstat(fd, &a) < 0)
                return -errno;
        if (lstat(path, &b) < 0)
                return errno == ENOENT ? 0 : -errno;
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* An fd, -EWOULDBLOCK, -ESTALE (it was replaced meanwhile) or another error. */
static int open_and_lock(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int r;

        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        r = is_at_path(fd, path);
        return r > 0 ? TAKE_FD(fd) : r == 0 ? -ESTALE : r;
}

/* Whether the lock is held for good: by a machine that starts, runs, or reboots. One whose init has ended is being cleared away, by its
 * supervisor or by a sweep, and the name will be free in a moment. */
static bool is_lasting(const char *name) {
        _cleanup_(record_freep) MachineRecord *r = NULL;
        uint64_t start;

        if (record_load(name, &r, NULL) < 0)
                return false;
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what has been loaded is there */
        if (r->state == MACHINE_REBOOTING)
                return true;
        if (r->leader > 0)
                return process_start_time(r->leader, &start) >= 0 && start == r->leader_start;
        return r->supervisor > 0 && process_start_time(r->supervisor, &start) >= 0;
}

bool record_is_engines(const MachineRecord *r) {
        char now[33];
        uint64_t start;

        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what has been loaded is there */
        return r->engine && r->leader > 0 && boot_id(now) >= 0 && strcmp(now, r->boot_id) == 0 && process_start_time(r->leader, &start) >= 0 &&
                start == r->leader_start;
}

static bool has_engines(const char *name) {
        _cleanup_(record_freep) MachineRecord *r = NULL;

        return record_load(name, &r, NULL) >= 0 && record_is_engines(r);
}

int record_claim(const char *name, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        int fd = -ESTALE, r;

        r = machine_name_check(name, reterr);
        if (r < 0)
                return r;
        path = record_path(name);
        if (!path)
                return error_oom(reterr);
        r = make_directory(RUN_DIRECTORY, reterr);
        if (r >= 0)
                r = make_directory(MACHINES_DIRECTORY, reterr);
        if (r < 0)
                return r;

        for (int tries = 0; tries < CLAIM_TRIES; tries++) {
                if (mkdir(path, DIRECTORY_MODE) < 0 ? errno != EEXIST : chmod(path, DIRECTORY_MODE) < 0 && errno != ENOENT)
                        return error_errno(reterr, errno, "Cannot make %s", path);
                fd = open_and_lock(path);
                if (fd >= 0 && has_engines(name)) {
                        (void) close_fd(fd);
                        break;
                }
                if (fd >= 0)
                        return fd;
                if (fd == -ESTALE || fd == -ENOENT)
                        continue;
                if (fd != -EWOULDBLOCK)
                        return error_errno(reterr, fd, "Cannot lock %s", path);
                if (is_lasting(name))
                        break;
                clock_pause(CLAIM_PAUSE_USEC);
        }
        error_set(reterr, EBUSY, "A machine with the name '%s' is already running", name);
        return error_hint(reterr, -EBUSY, "See it with `nbox status %s`, or start this one under another name with --machine=NAME.", name);
}

bool record_is_claim(int fd, const char *name) {
        _cleanup_free_ char *path = record_path(name);

        return path && is_at_path(fd, path) > 0 && flock(fd, LOCK_EX | LOCK_NB) >= 0;
}

int record_lock(const char *name, Error **reterr) {
        _cleanup_free_ char *path = record_path(name);
        int fd;

        if (!path)
                return error_oom(reterr);
        fd = open_and_lock(path);
        if (fd == -ESTALE) /* someone has just swept it, and someone else has the name now */
                fd = -EWOULDBLOCK;
        if (fd == -EWOULDBLOCK)
                return error_set(reterr, EBUSY, "The machine '%s' is in use", name);
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot lock %s", path);
        return fd;
}

int record_write(int dir, const MachineRecord *r, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        int k = record_format(r, &text, reterr);

        if (k < 0)
                return k;
        k = file_replace(dir, "record", text, 0644);
        if (k < 0)
                return error_errno(reterr, k, "Cannot write the record of machine '%s'", r->name);
        return 0;
}

static int remove_files(int dir) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");

        if (!d)
                return -errno;
        for (struct dirent *e; (e = readdir(d));)
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        (void) unlinkat(dir, e->d_name, 0); /* temporary files of a killed writer too */
        return 0;
}

int record_remove(int dir, const char *name) {
        static const char *const usual[] = { "record", "control" };
        _cleanup_free_ char *path = record_path(name);
        int r;

        if (!path)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(usual); i++) /* of a short life that is all there is */
                (void) unlinkat(dir, usual[i], 0);
        r = is_at_path(dir, path);
        if (r <= 0)
                return r < 0 ? r : remove_files(dir);
        if (rmdir(path) >= 0 || errno == ENOENT)
                return 0;
        if (errno != ENOTEMPTY)
                return -errno;
        r = remove_files(dir);
        return r < 0 ? r : rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

int record_missing(const char *name, Error **reterr) {
        error_set(reterr, ESRCH, "No machine '%s' is running", name);
        return error_hint(reterr, -ESRCH, "`nbox list` shows what is running, `nbox images` what can be booted.");
}

int record_load(const char *name, MachineRecord **ret, Error **reterr) {
        _cleanup_(record_freep) MachineRecord *record = NULL;
        _cleanup_free_ char *path = NULL;
        char text[RECORD_MAX + 2];
        ssize_t size;
        int r;

        r = machine_name_check(name, reterr);
        if (r < 0)
                return r;
        if (asprintf(&path, MACHINES_DIRECTORY "/%s/record", name) < 0) {
                path = NULL;
                return error_oom(reterr);
        }
        size = file_read_once(AT_FDCWD, path, text, sizeof(text)); /* it is replaced, and never written to */
        if (size == -ENOENT)
                return record_missing(name, reterr);
        if (size < 0)
                return error_errno(reterr, (int) size, "Cannot read the record of machine '%s'", name);
        r = record_parse(text, (size_t) size, &record, reterr);
        if (r < 0)
                return r;
        if (strcmp(record->name, name) != 0)
                return error_set(reterr, EBADMSG, "The record of machine '%s' is of another one, '%s'", name, record->name);
        *ret = TAKE_PTR(record);
        return 0;
}

size_t record_count(void) {
        struct stat st;

        return stat(MACHINES_DIRECTORY, &st) < 0 || st.st_nlink < 2 ? 0 : st.st_nlink - 2;
}

int record_list(char ***ret, Error **reterr) {
        _cleanup_closedir_ DIR *d = opendir(MACHINES_DIRECTORY);
        _cleanup_strv_ char **names = calloc(1, sizeof(char *));
        int r = 0;

        if (!names)
                return error_oom(reterr);
        if (!d && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot list %s", MACHINES_DIRECTORY);
        for (struct dirent *e; d && (e = fd_readdir(d, &r));)
                if (machine_name_is_valid(e->d_name) && strv_append(&names, e->d_name) < 0)
                        return error_oom(reterr);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list %s", MACHINES_DIRECTORY);
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}
