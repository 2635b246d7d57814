/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console-read.h"

#include <fcntl.h>
#include <string.h>

#include "fd.h"

/* More than a part takes, whatever a torn line adds. */
#define BUFFER_SIZE (2 * CONSOLE_LOG_PART_MAX)

int console_reader_open(ConsoleReader *r, const char *machine, uint64_t from_life, uint64_t to_life) {
        *r = (ConsoleReader){ .dir = console_log_open(machine, false), .from_life = from_life, .to_life = to_life };
        if (r->dir < 0)
                return r->dir;
        r->buffer = malloc(BUFFER_SIZE);
        if (r->buffer)
                return 0;
        console_reader_done(r);
        return -ENOMEM;
}

void console_reader_done(ConsoleReader *r) {
        r->dir = close_fd(r->dir);
        free(r->buffer);
        r->buffer = NULL;
}

static bool is_before(ConsolePart a, ConsolePart b) {
        return a.life != b.life ? a.life < b.life : a.part < b.part;
}

/* The part behind that which was read: 1, or 0 where there is none. */
static int find_next_part(ConsoleReader *r, ConsolePart *ret) {
        _cleanup_free_ ConsolePart *parts = NULL;
        size_t n;
        int k = console_log_parts(r->dir, &parts, &n);

        if (k < 0)
                return k;
        for (size_t i = 0; i < n; i++) {
                if (parts[i].life < r->from_life || parts[i].life > r->to_life || !(r->part.life == 0 || is_before(r->part, parts[i])))
                        continue;
                *ret = parts[i];
                return 1;
        }
        return 0;
}

/* What the part has more than was read: 1 where that is something. */
static int read_on(ConsoleReader *r) {
        char name[CONSOLE_PART_NAME_MAX];
        _cleanup_close_ int fd = -1;
        ssize_t n;

        if (r->part.life == 0)
                return 0;
        memmove(r->buffer, r->buffer + r->given, r->used - r->given);
        r->used -= r->given;
        r->given = 0;
        if (r->used == BUFFER_SIZE - 1) /* no line of ours */
                r->used = 0;
        fd = openat(r->dir, console_part_name(r->part, name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        n = pread(fd, r->buffer + r->used, BUFFER_SIZE - 1 - r->used, r->offset);
        if (n < 0)
                return -errno;
        r->offset += n;
        r->used += (size_t) n;
        return n > 0;
}

/* The next whole line, torn off what was read; NULL: none yet. */
static char *take_line(ConsoleReader *r) {
        char *line = r->buffer + r->given, *end = memchr(line, '\n', r->used - r->given);

        if (!end)
                return NULL;
        *end = 0;
        r->given = (size_t) (end + 1 - r->buffer);
        return line;
}

static bool skips(const ConsoleReader *r, ConsolePart next) {
        return r->part.life == next.life ? next.part != r->part.part + 1 : next.part != 0;
}

int console_reader_next(ConsoleReader *r, ConsoleEntry *ret) {
        for (;;) {
                ConsolePart next;
                char *line = take_line(r), *text;
                int k;

                if (line) {
                        if (!console_log_parse(line, &ret->usec, &ret->kind, &text))
                                continue;
                        ret->life = r->part.life;
                        ret->text = text;
                        return 1;
                }
                /* The next part is looked for first: once it is there, nothing more is written to this one. */
                k = find_next_part(r, &next);
                if (k >= 0) {
                        int more = read_on(r);

                        if (more != 0) {
                                if (more < 0)
                                        return more;
                                continue;
                        }
                }
                if (k <= 0)
                        return k;
                *ret = (ConsoleEntry){ .life = next.life, .usec = ret->usec, .kind = CONSOLE_LOST, .text = "" };
                k = r->part.life != 0 && skips(r, next);
                r->part = next;
                r->offset = 0;
                r->used = r->given = 0;
                if (k)
                        return 1;
        }
}

int console_lives(const char *machine, uint64_t **ret, size_t *ret_n) {
        _cleanup_close_ int dir = console_log_open(machine, false);
        _cleanup_free_ ConsolePart *parts = NULL;
        uint64_t *lives;
        size_t n, k = 0;
        int r;

        r = dir < 0 ? dir : console_log_parts(dir, &parts, &n);
        if (r < 0)
                return r;
        lives = calloc(n + 1, sizeof(*lives));
        if (!lives)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (k == 0 || lives[k - 1] != parts[i].life)
                        lives[k++] = parts[i].life;
        *ret = lives;
        *ret_n = k;
        return 0;
}
