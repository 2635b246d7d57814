/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record-side.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "fd.h"
#include "file.h"
#include "record.h"

int record_side_load(const RecordSide *side, int dir, RecordSideLine each, void *userdata, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        int r = file_read(dir, side->file, side->size_max, &text);
        char *rest = text;

        if (r == -ENOENT)
                return 0;
        for (char *line; r >= 0 && (line = strsep(&rest, "\n"));)
                r = each(line, userdata);
        return r < 0 ? error_errno(reterr, r, "Cannot read %s of the machine", side->what) : 0;
}

int record_side_load_of(const RecordSide *side, const char *machine, RecordSideLine each, void *userdata, Error **reterr) {
        _cleanup_free_ char *directory = record_path(machine), *path = NULL;
        RecordSide there = *side;

        if (!directory || asprintf(&path, "%s/%s", directory, side->file) < 0) {
                path = NULL;
                return error_oom(reterr);
        }
        there.file = path;
        return record_side_load(&there, AT_FDCWD, each, userdata, reterr);
}

int record_side_save(const RecordSide *side, int dir, char *text, Error **reterr) {
        int r = text ? file_replace(dir, side->file, text, 0644) : -ENOMEM;

        free(text);
        return r < 0 ? error_errno(reterr, r, "Cannot write down %s of the machine", side->what) : 0;
}

void record_side_forget(const RecordSide *side, int dir) {
        (void) unlinkat(dir, side->file, 0);
}

int record_side_open(const RecordSide *side, const char *machine, bool wait, int *ret_lock, Error **reterr) {
        _cleanup_close_ int dir = -1, lock = -1;
        _cleanup_free_ char *path = record_path(machine);

        if (!path)
                return error_oom(reterr);
        dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        lock = dir < 0 ? -1 : openat(dir, side->lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (lock >= 0 && !wait && flock(lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
                lock = close_fd(lock);
        else if (lock < 0 || flock(lock, LOCK_EX) < 0)
                return error_errno(reterr, errno, "Cannot lock %s of machine '%s'", side->what, machine);
        *ret_lock = TAKE_FD(lock);
        return TAKE_FD(dir);
}
