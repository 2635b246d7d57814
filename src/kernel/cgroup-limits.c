/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup-limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "file.h"

#define IO_MAX_SIZE (64 * 1024)

int cgroup_put(const char *path, const char *file, const char *value) {
        _cleanup_close_ int dir = cgroup_open(path);

        return dir < 0 ? dir : file_write(dir, file, value);
}

int cgroup_enable(const char *path, const char *controller) {
        _cleanup_free_ char *part = strdup(path);
        char word[32], *end = part;
        int r;

        if (!part)
                return -ENOMEM;
        snprintf(word, sizeof(word), "+%s", controller);
        /* From the top down: "", "/a", "/a/b". */
        for (bool last = false; !last;) {
                char cut = *end;

                *end = 0;
                r = cgroup_put(part, "cgroup.subtree_control", word);
                if (r < 0)
                        return r == -EINVAL ? -ENOENT : r;
                *end = cut;
                last = !end[0] || !end[1];
                end += last ? 0 : 1 + strcspn(end + 1, "/");
        }
        return 0;
}

int cgroup_put_io(const char *path, dev_t device, const char *key, uint64_t value) {
        char line[96];

        if (value == UINT64_MAX)
                snprintf(line, sizeof(line), "%u:%u %s=max", major(device), minor(device), key);
        else
                snprintf(line, sizeof(line), "%u:%u %s=%" PRIu64, major(device), minor(device), key, value);
        return cgroup_put(path, "io.max", line);
}

int cgroup_clear_io(const char *path, const char *key) {
        _cleanup_close_ int dir = cgroup_open(path);
        _cleanup_free_ char *text = NULL;
        char *state = NULL;
        int r = dir < 0 ? dir : file_read(dir, "io.max", IO_MAX_SIZE, &text);

        for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &state); r >= 0 && line; line = strtok_r(NULL, "\n", &state)) {
                unsigned major, minor;

                if (sscanf(line, "%u:%u ", &major, &minor) == 2)
                        r = cgroup_put_io(path, makedev(major, minor), key, UINT64_MAX);
        }
        return r < 0 ? r : 0;
}

/* Limits are the whole disk's. */
static int whole_disk(dev_t device, dev_t *ret) {
        _cleanup_free_ char *text = NULL;
        unsigned major, minor;
        char path[64];

        snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(device), minor(device));
        *ret = device;
        if (access(path, F_OK) < 0)
                return 0;
        snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(device), minor(device));
        if (file_read(AT_FDCWD, path, 64, &text) < 0 || sscanf(text, "%u:%u", &major, &minor) != 2)
                return -ENODEV;
        *ret = makedev(major, minor);
        return 0;
}

int block_device_of(const char *path, dev_t *ret) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        if (!S_ISBLK(st.st_mode) && major(st.st_dev) == 0)
                return -ENODEV;
        return whole_disk(S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev, ret);
}
