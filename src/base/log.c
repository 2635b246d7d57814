/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "text.h"

static LogLevel max_level(void) {
        const char *e = getenv("NBOX_LOG_LEVEL");

        if (!e)
                return LOG_LEVEL_INFO;
        if (strcmp(e, "debug") == 0)
                return LOG_LEVEL_DEBUG;
        if (strcmp(e, "warning") == 0)
                return LOG_LEVEL_WARNING;
        if (strcmp(e, "error") == 0)
                return LOG_LEVEL_ERROR;
        return LOG_LEVEL_INFO;
}

bool log_shows(LogLevel level) {
        return level <= max_level();
}

void log_be_quiet(void) {
        if (log_shows(LOG_LEVEL_INFO))
                (void) setenv("NBOX_LOG_LEVEL", "warning", 1);
}

/* UTF-8 passes; control characters do not reach the user's terminal. */
static void escape(const char *in, char *out, size_t size) {
        size_t n = 0;

        for (size_t length; *in && n + 4 * 4 < size; in += length) {
                bool control = text_control(in, &length) > 0 && *in != '\t';

                for (size_t i = 0; i < length; i++)
                        if (control)
                                n += (size_t) snprintf(out + n, size - n, "\\x%02x", (unsigned char) in[i]);
                        else
                                out[n++] = in[i];
        }
        out[n] = 0;
}

/* Whether stderr is the journal. The variable alone says only that it was, for some parent of ours: it carries the
 * device and inode to compare (systemd.exec(5), $JOURNAL_STREAM). */
static bool stderr_is_journal(void) {
        const char *e = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        if (!e || sscanf(e, "%llu:%llu", &device, &inode) != 2 || fstat(STDERR_FILENO, &st) < 0)
                return false;
        return st.st_dev == device && st.st_ino == inode;
}

void log_line(LogLevel level, const char *fmt, ...) {
        _cleanup_free_ char *text = NULL;
        char line[4096];
        const char *color = "";
        va_list ap;

        if (level > max_level())
                return;
        va_start(ap, fmt);
        if (vasprintf(&text, fmt, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text)
                return;
        escape(text, line, sizeof(line));

        if (level <= LOG_LEVEL_WARNING && colors_wanted(STDERR_FILENO))
                color = level == LOG_LEVEL_ERROR ? "\x1b[31m" : "\x1b[33m";
        if (stderr_is_journal())
                dprintf(STDERR_FILENO, "<%d>%s\n", (int) level, line);
        else
                dprintf(STDERR_FILENO, "%snbox: %s%s%s\n", color, line, *color ? "\x1b[0m" : "",
                        isatty(STDERR_FILENO) ? "\r" : "");
}

int log_report(LogLevel level, int r, const Error *e) {
        log_line(level, "%s", e ? e->message : strerror(r < 0 ? -r : r));
        if (e && e->hint)
                log_line(level == LOG_LEVEL_ERROR ? LOG_LEVEL_WARNING : level, "%s", e->hint);
        return r;
}

bool colors_wanted(int fd) {
        const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

        if ((no && *no) || !term || strcmp(term, "dumb") == 0)
                return false;
        return isatty(fd);
}
