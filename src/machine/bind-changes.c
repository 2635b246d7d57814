/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind-changes.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>

#include "file.h"
#include "strv.h"

#define FILE_NAME "binds"
#define LOCK_NAME "binds.lock"
#define SIZE_MAX_OF_FILE (BINDS_MAX * 2 * 4096U) /* two paths each, at their longest */

static const EnumName stage_names[] = {
        { "adding", BIND_ADDING },
        { "added", BIND_ADDED },
        { "removing", BIND_REMOVING },
        {},
};

static int read_line(const char *line, BindList *list) {
        _cleanup_(bind_done) MachineBind b = {};
        unsigned long long id, start;
        unsigned major, minor;
        int pid, stage, used = 0, r;
        char word[16];

        if (sscanf(line, "%15s %llu %u:%u %d %llu %n", word, &id, &major, &minor, &pid, &start, &used) != 6 || used == 0 ||
            enum_parse(stage_names, word, &stage, NULL) < 0)
                return 0;
        r = bind_parse(line + used, &b);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        b.stage = (BindStage) stage;
        b.mount_id = id;
        b.major = major;
        b.minor = minor;
        b.helper = pid;
        b.helper_start = start;
        return bind_list_take(list, &b);
}

int bind_changes_load(int dir, BindList *ret, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        int r = file_read(dir, FILE_NAME, SIZE_MAX_OF_FILE, &text);
        char *rest = text;

        *ret = (BindList){};
        if (r == -ENOENT)
                return 0;
        for (char *line; r >= 0 && (line = strsep(&rest, "\n"));)
                r = read_line(line, ret);
        if (r < 0) {
                bind_list_done(ret);
                return error_errno(reterr, r, "Cannot read what was bound into the machine");
        }
        return 0;
}

int bind_changes_of(const char *machine, BindList *ret, Error **reterr) {
        _cleanup_free_ char *path = record_path(machine);
        _cleanup_close_ int dir = path ? open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

        *ret = (BindList){};
        if (!path)
                return error_oom(reterr);
        return dir < 0 ? 0 : bind_changes_load(dir, ret, reterr);
}

static char *format(const BindList *list) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        bool complete = out;

        for (size_t i = 0; complete && i < list->n; i++) {
                const MachineBind *b = list->items + i;
                _cleanup_free_ char *bind = bind_format(b);

                complete = bind && fprintf(out, "%s %" PRIu64 " %u:%u %d %" PRIu64 " %s\n", enum_to_string(stage_names, (int) b->stage),
                                           b->mount_id, b->major, b->minor, (int) b->helper, b->helper_start, bind) > 0;
        }
        if (out && fclose(out) == 0 && complete)
                return text;
        free(text);
        return NULL;
}

int bind_changes_save(int dir, const BindList *list, Error **reterr) {
        _cleanup_free_ char *text = format(list);
        int r = text ? file_replace(dir, FILE_NAME, text, 0644) : -ENOMEM;

        return r < 0 ? error_errno(reterr, r, "Cannot write down what is bound into the machine") : 0;
}

void bind_changes_forget(int dir) {
        (void) unlinkat(dir, FILE_NAME, 0);
}

int bind_changes_open(const char *machine, bool wait, int *ret_lock, Error **reterr) {
        _cleanup_close_ int dir = -1, lock = -1;
        _cleanup_free_ char *path = record_path(machine);

        if (!path)
                return error_oom(reterr);
        dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        lock = dir < 0 ? -1 : openat(dir, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (lock >= 0 && !wait && flock(lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
                lock = close_fd(lock);
        else if (lock < 0 || flock(lock, LOCK_EX) < 0)
                return error_errno(reterr, errno, "Cannot lock the binds of machine '%s'", machine);
        *ret_lock = TAKE_FD(lock);
        return TAKE_FD(dir);
}

int bind_changes_take(MachineRecord *rec) {
        BindList list;
        int r = bind_changes_of(rec->name, &list, NULL);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (size_t i = 0; r >= 0 && i < list.n; i++)
                r = strv_consume(&rec->binds, bind_format(list.items + i));
        bind_list_done(&list);
        return r;
}
