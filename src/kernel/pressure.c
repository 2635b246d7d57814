/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pressure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>

#include "caps.h"
#include "cgroup-stat.h"
#include "cleanup.h"
#include "figure.h"
#include "parse.h"

#define UNKNOWN_LINE { FIGURE_UNKNOWN, FIGURE_UNKNOWN, FIGURE_UNKNOWN, FIGURE_UNKNOWN }

static const Pressure unknown = { UNKNOWN_LINE, UNKNOWN_LINE };

/* "12.34": the kernel writes two digits. */
static int hundredths(char *text, uint64_t *ret) {
        char *point = strchr(text, '.');
        uint64_t whole, part;

        if (!point)
                return -EBADMSG;
        *point++ = 0;
        if (strlen(point) != 2 || parse_u64(text, 100, &whole) < 0 || parse_u64(point, 99, &part) < 0)
                return -EBADMSG;
        *ret = whole * 100 + part;
        return 0;
}

static int total(char *text, uint64_t *ret) {
        return parse_u64(text, FIGURE_UNKNOWN - 1, ret) < 0 ? -EBADMSG : 0;
}

static int take_word(char *word, PressureLine *line) {
        const struct {
                const char *key;
                int (*parse)(char *text, uint64_t *ret);
                uint64_t *to;
        } words[] = {
                { "avg10", hundredths, &line->avg10 }, { "avg60", hundredths, &line->avg60 }, { "avg300", hundredths, &line->avg300 },
                { "total", total, &line->total },
        };
        char *value = strchr(word, '=');

        if (!value)
                return -EBADMSG;
        *value++ = 0;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strcmp(word, words[i].key) == 0)
                        return words[i].parse(value, words[i].to);
        return 0;
}

int pressure_parse(char *text, Pressure *ret) {
        Pressure p = unknown;
        char *lines = NULL;

        for (char *line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
                char *state = NULL, *kind = strtok_r(line, " ", &state);
                PressureLine *to = !kind ? NULL : strcmp(kind, "some") == 0 ? &p.some : strcmp(kind, "full") == 0 ? &p.full : NULL;

                if (!to)
                        return -EBADMSG;
                for (char *word = strtok_r(NULL, " ", &state); word; word = strtok_r(NULL, " ", &state))
                        if (take_word(word, to) < 0)
                                return -EBADMSG;
        }
        *ret = p;
        return 0;
}

int pressure_read(int dirfd, const char *file, Pressure *ret) {
        char text[512];
        ssize_t n = cgroup_file_read(dirfd, file, text, sizeof(text));

        *ret = unknown;
        return n < 0 ? (int) n : pressure_parse(text, ret);
}

/* The kernel looks at who has opened the file. */
static int open_unprivileged(int dirfd, const char *file) {
        uint64_t before;
        int fd, r = caps_effective_limit(~CAP_BIT(CAP_SYS_RESOURCE), &before);

        if (r < 0)
                return r;
        fd = openat(dirfd, file, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
        fd = fd < 0 ? -errno : fd;
        (void) caps_effective_set(before);
        return fd;
}

int pressure_watch(int dirfd, const char *file) {
        static const char trigger[] = "some 1000 10000000";
        _cleanup_close_ int fd = open_unprivileged(dirfd, file);

        if (fd < 0)
                return fd;
        return write(fd, trigger, sizeof(trigger)) < 0 ? -errno : TAKE_FD(fd);
}
