/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup-stat.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "parse.h"

#define TEXT_MAX 8192 /* memory.stat has 2 KiB */
#define PERIOD_MAX UINT64_C(1000000)
#define SECOND_USEC UINT64_C(1000000)

ssize_t cgroup_file_read(int group, const char *file, char *buf, size_t size) {
        _cleanup_close_ int fd = openat(group, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, buf, size - 1);
        if (n < 0)
                return -errno;
        if ((size_t) n == size - 1)
                return -EFBIG;
        if (memchr(buf, 0, (size_t) n))
                return -EBADMSG;
        buf[n] = 0;
        return n;
}

static int value_parse(const char *text, uint64_t *ret) {
        if (strcmp(text, "max") == 0) {
                *ret = CGROUP_MAX;
                return 0;
        }
        return parse_u64(text, CGROUP_MAX - 1, ret) < 0 ? -EBADMSG : 0;
}

/* The text before the newline that ends it; NULL: it does not end so, or there is more. */
static char *only_line(char *text) {
        size_t n = strcspn(text, "\n");

        if (text[n] != '\n' || text[n + 1])
                return NULL;
        text[n] = 0;
        return text;
}

int cgroup_number_parse(char *text, uint64_t *ret) {
        const char *line = only_line(text);

        return line ? value_parse(line, ret) : -EBADMSG;
}

int cgroup_keyed_parse(char *text, const CgroupKey *keys, size_t n) {
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Branch): a file has been read into it */
        while (*text) {
                char *line = text, *end = strchr(line, '\n'), *value;

                if (!end)
                        return -EBADMSG;
                *end = 0;
                text = end + 1;
                value = strchr(line, ' ');
                if (!value)
                        return -EBADMSG;
                *value++ = 0;
                for (size_t i = 0; i < n; i++)
                        if (strcmp(line, keys[i].key) == 0 && value_parse(value, keys[i].value) < 0)
                                return -EBADMSG;
        }
        return 0;
}

int cgroup_cpu_max_parse(char *text, uint64_t *ret) {
        char *line = only_line(text), *second = line ? strchr(line, ' ') : NULL;
        uint64_t quota, period;

        if (!second)
                return -EBADMSG;
        *second++ = 0;
        if (value_parse(line, &quota) < 0 || parse_u64(second, PERIOD_MAX, &period) < 0 || period == 0)
                return -EBADMSG;
        if (quota != CGROUP_MAX && quota > (CGROUP_MAX - 1) / SECOND_USEC)
                return -EBADMSG;
        *ret = quota == CGROUP_MAX ? CGROUP_MAX : quota * SECOND_USEC / period;
        return 0;
}

int cgroup_number(int group, const char *file, uint64_t *ret) {
        char text[64];
        ssize_t n = cgroup_file_read(group, file, text, sizeof(text));

        return n < 0 ? (int) n : cgroup_number_parse(text, ret);
}

int cgroup_keyed(int group, const char *file, const CgroupKey *keys, size_t n_keys) {
        char text[TEXT_MAX];
        ssize_t n = cgroup_file_read(group, file, text, sizeof(text));

        return n < 0 ? (int) n : cgroup_keyed_parse(text, keys, n_keys);
}

int cgroup_cpu_max(int group, uint64_t *ret) {
        char text[64];
        ssize_t n = cgroup_file_read(group, "cpu.max", text, sizeof(text));

        return n < 0 ? (int) n : cgroup_cpu_max_parse(text, ret);
}
