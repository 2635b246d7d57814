/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fd.h"

/* In: the other screen, no cursor, lines do not go on in the next. Out: cleared first, for a terminal that has no other screen. */
#define ENTER "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J\x1b[H"
#define LEAVE "\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l"
#define CLEAR "\x1b[0m\x1b[2J"

/* What is between these appears at once, on terminals that know it. */
#define BEGIN "\x1b[?2026h"
#define END "\x1b[?2026l"

#define LEAVE_MSEC 500
#define SIDE_MOST 1000 /* of a terminal that says it is larger: nobody has one */

static int own_fd(int fd, int mode) {
        int copy = fd_reopen(fd, mode | O_NONBLOCK | O_NOCTTY);

        return copy >= 0 ? copy : fcntl(fd, F_DUPFD_CLOEXEC, 3); /* it is another user's */
}

int top_terminal_open(TopTerminal *t, Error **reterr) {
        const char *term = getenv("TERM");

        *t = (TopTerminal){ .in = -1, .out = -1 };
        if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
                error_set(reterr, ENOTTY, "What keys come from is no terminal");
                return error_hint(reterr, -ENOTTY, "`nbox top --once` shows the machines once.");
        }
        if (!term || !*term || strcmp(term, "dumb") == 0) {
                error_set(reterr, ENOTTY, "This terminal is one that cannot be drawn on (TERM=%s)", term ?: "");
                return error_hint(reterr, -ENOTTY, "`nbox top --once` shows the machines once.");
        }
        t->in = own_fd(STDIN_FILENO, O_RDONLY);
        t->out = own_fd(STDOUT_FILENO, O_WRONLY);
        if (t->in < 0 || t->out < 0)
                return error_errno(reterr, errno, "Cannot use the terminal");
        t->raw = (RawTerminal){ .in = t->in, .out = t->out };
        return 0;
}

static void append(TopTerminal *t, const char *text, size_t n) {
        if (t->n_pending + n > t->pending_room) {
                size_t room = (t->n_pending + n) * 2;
                char *more = realloc(t->pending, room);

                if (!more)
                        return;
                t->pending = more;
                t->pending_room = room;
        }
        memcpy(t->pending + t->n_pending, text, n);
        t->n_pending += n;
}

static void append_text(TopTerminal *t, const char *text) {
        append(t, text, strlen(text));
}

int top_terminal_flush(TopTerminal *t) {
        while (t->n_pending > 0) {
                ssize_t n = write(t->out, t->pending, t->n_pending);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (n < 0) {
                        t->n_pending = 0;
                        return -errno;
                }
                t->n_pending -= (size_t) n;
                memmove(t->pending, t->pending + n, t->n_pending);
        }
        return 0;
}

void top_terminal_enter(TopTerminal *t) {
        (void) raw_terminal_enter(&t->raw);
        append_text(t, ENTER);
        t->shown = true;
        top_screen_done(&t->drawn);
        (void) top_terminal_flush(t);
}

/* Also while the terminal takes nothing: not for long. */
void top_terminal_leave(TopTerminal *t) {
        if (!t->shown)
                return;
        append_text(t, LEAVE);
        while (top_terminal_flush(t) >= 0 && t->n_pending > 0)
                if (poll(&(struct pollfd){ .fd = t->out, .events = POLLOUT }, 1, LEAVE_MSEC) <= 0)
                        break;
        t->n_pending = 0;
        t->shown = false;
        raw_terminal_leave(&t->raw);
}

void top_terminal_close(TopTerminal *t) {
        top_terminal_leave(t);
        top_screen_done(&t->drawn);
        free(t->pending);
        t->in = close_fd(t->in);
        t->out = close_fd(t->out);
        t->pending = NULL;
}

static size_t side(unsigned short n, size_t otherwise) {
        return n == 0 ? otherwise : n < SIDE_MOST ? n : SIDE_MOST;
}

void top_terminal_size(const TopTerminal *t, size_t *ret_width, size_t *ret_height) {
        struct winsize ws = {};

        (void) ioctl(t->out, TIOCGWINSZ, &ws);
        *ret_width = side(ws.ws_col, 80);
        *ret_height = side(ws.ws_row, 24);
}

void top_terminal_forget(TopTerminal *t) {
        top_screen_done(&t->drawn);
}

static bool is_drawn(const TopTerminal *t, const TopScreen *s, size_t line) {
        return line < t->drawn.n && t->drawn.lines[line] && s->lines[line] && strcmp(t->drawn.lines[line], s->lines[line]) == 0;
}

/* What stood there before is overwritten, and only its end erased: nothing is empty for a moment in between. In the last column the cursor
 * stands on it and not behind it, where erasing would take the last character. */
static void draw_line(TopTerminal *t, const TopScreen *s, size_t line, size_t width) {
        char to[32];

        snprintf(to, sizeof(to), "\x1b[%zu;1H", line + 1);
        append_text(t, to);
        append_text(t, s->lines[line] ?: "");
        if (s->columns[line] < width)
                append_text(t, "\x1b[K");
}

void top_terminal_draw(TopTerminal *t, TopScreen *screen) {
        size_t width, height, before = t->n_pending, begun;
        bool all = t->drawn.n == 0;

        top_terminal_size(t, &width, &height);
        append_text(t, BEGIN);
        if (all)
                append_text(t, CLEAR);
        begun = t->n_pending;
        for (size_t i = 0; i < screen->n && i < height; i++)
                if (!is_drawn(t, screen, i))
                        draw_line(t, screen, i, width);
        if (!all && screen->n < t->drawn.n && screen->n < height) {
                char erase[32];

                snprintf(erase, sizeof(erase), "\x1b[%zu;1H\x1b[J", screen->n + 1);
                append_text(t, erase);
        }
        if (t->n_pending == begun && !all)
                t->n_pending = before;
        else
                append_text(t, END);
        top_screen_done(&t->drawn);
        t->drawn = *screen;
        *screen = (TopScreen){};
}
