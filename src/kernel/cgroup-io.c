/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup-io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cgroup-stat.h"
#include "cleanup.h"
#include "parse.h"

#define TEXT_MAX (64 * 1024) /* a line of 100 bytes a device */
#define MAJOR_MAX 4095

static const char *const stacked_drivers[] = { "device-mapper", "md", "mdp", "bcache" };

void cgroup_io_stacked_parse(char *text, CgroupIoStacked *ret) {
        char *state = NULL, *block = strstr(text, "Block devices:\n");

        *ret = (CgroupIoStacked){};
        for (char *line = block ? strtok_r(block, "\n", &state) : NULL; line; line = strtok_r(NULL, "\n", &state)) {
                char name[32];
                unsigned major;

                if (sscanf(line, "%u %31s", &major, name) != 2)
                        continue;
                if (strcmp(name, "loop") == 0)
                        ret->loop = major;
                for (size_t i = 0; i < ELEMENTSOF(stacked_drivers) && ret->n < ELEMENTSOF(ret->majors); i++)
                        if (strcmp(name, stacked_drivers[i]) == 0)
                                ret->majors[ret->n++] = major;
        }
}

void cgroup_io_stacked(CgroupIoStacked *ret) {
        char text[8192];

        *ret = (CgroupIoStacked){ .loop = 7 };
        if (cgroup_file_read(AT_FDCWD, "/proc/devices", text, sizeof(text)) > 0)
                cgroup_io_stacked_parse(text, ret);
}

static bool is_stacked(const CgroupIoStacked *stacked, unsigned major) {
        for (size_t i = 0; i < stacked->n; i++)
                if (stacked->majors[i] == major)
                        return true;
        return false;
}

static int add(uint64_t *to, const char *text) {
        uint64_t n;

        if (parse_u64(text, UINT64_MAX - 1 - *to, &n) < 0)
                return -EBADMSG;
        *to += n;
        return 0;
}

/* "rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6", and what controllers of weights and latencies add. */
static int add_device(char *words, CgroupIo *to) {
        char *state = NULL;

        for (char *word = strtok_r(words, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
                const struct {
                        const char *key;
                        uint64_t *to;
                } keys[] = {
                        { "rbytes", &to->read }, { "wbytes", &to->written }, { "rios", &to->reads }, { "wios", &to->writes },
                };
                char *value = strchr(word, '=');

                if (!value) /* io.cost's and the like */
                        continue;
                *value++ = 0;
                for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                        if (strcmp(word, keys[i].key) == 0 && add(keys[i].to, value) < 0)
                                return -EBADMSG;
        }
        return 0;
}

static uint64_t larger(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

/* "MAJOR:MINOR WORDS"; a device without words has gone, or was not used yet ("(unknown)" of one that has no name). */
static int add_line(char *line, const CgroupIoStacked *stacked, CgroupIo *disks, CgroupIo *loops) {
        char *minor = strchr(line, ':'), *words = line + strcspn(line, " ");
        uint64_t major, number;

        if (!minor || minor > words)
                return -EBADMSG;
        *minor++ = 0;
        if (*words)
                *words++ = 0;
        if (parse_u64(line, MAJOR_MAX, &major) < 0 || parse_u64(minor, UINT32_MAX, &number) < 0)
                return -EBADMSG;
        if (is_stacked(stacked, (unsigned) major))
                return 0;
        return add_device(words, stacked->loop && major == stacked->loop ? loops : disks);
}

int cgroup_io_parse(char *text, const CgroupIoStacked *stacked, CgroupIo *ret) {
        CgroupIo disks = {}, loops = {};
        char *state = NULL;

        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
                if (strncmp(line, "(unknown)", strlen("(unknown)")) != 0 && add_line(line, stacked, &disks, &loops) < 0)
                        return -EBADMSG;
        *ret = (CgroupIo){ larger(disks.read, loops.read), larger(disks.written, loops.written),
                           larger(disks.reads, loops.reads), larger(disks.writes, loops.writes) };
        return 0;
}

int cgroup_io(int group, const CgroupIoStacked *stacked, CgroupIo *ret) {
        _cleanup_free_ char *text = malloc(TEXT_MAX);
        ssize_t n;

        if (!text)
                return -ENOMEM;
        n = cgroup_file_read(group, "io.stat", text, TEXT_MAX);
        return n < 0 ? (int) n : cgroup_io_parse(text, stacked, ret);
}
