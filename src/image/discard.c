/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discard.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/random.h>

#include "btrfs.h"
#include "cleanup.h"
#include "remove.h"
#include "unfinished.h"

char *discard_name(void) {
        uint64_t random;
        char text[17];

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                return NULL;
        snprintf(text, sizeof(text), "%016llx", (unsigned long long) random);
        return unfinished_name(text);
}

int discard(int dir, const char *hidden, Error **reterr) {
        _cleanup_close_ int fd = openat(dir, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int r;

        if (fd >= 0)
                (void) flock(fd, LOCK_EX | LOCK_NB); /* or a sweep is at it as well, which does no harm */
        r = btrfs_remove(dir, hidden);
        if (r == -EOPNOTSUPP || r == -ENOTDIR || r == -ENOENT)
                r = remove_tree(dir, hidden);
        if (r >= 0)
                return 0;
        error_errno(reterr, r, "Cannot remove all that was in it");
        return error_hint(reterr, r, "It has lost its name; `nbox gc` tries again.");
}
