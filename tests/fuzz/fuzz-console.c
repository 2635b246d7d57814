/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "ask-inside.h"
#include "console-lines.h"
#include "console-text.h"
#include "escape.h"
#include "text.h"

/* What a guest writes on its console: a pattern up to a NUL, as Ready=console: has it, and the bytes. */

static void check_line(const char *line, void *userdata) {
        size_t n = strlen(line);

        fuzz_check(n <= CONSOLE_LOG_LINE_MAX);
        for (size_t i = 0; i < n; i++)
                fuzz_check((unsigned char) line[i] >= ' ' || line[i] == '\t');
        *(size_t *) userdata += n + 1;
}

static void check_log(const char *data, size_t n) {
        size_t kept = 0;
        ConsoleLines lines = { .put = check_line, .userdata = &kept };

        for (size_t i = 0; i < n; i++) {
                console_lines_add(&lines, (unsigned char) data[i]);
                fuzz_check(lines.used <= CONSOLE_LOG_LINE_MAX);
                if (i % 1000 == 999)
                        console_lines_break(&lines);
        }
        console_lines_end(&lines);
        fuzz_check(kept <= 2 * n);
}

static void check_search(const char *pattern, const char *data, size_t n) {
        _cleanup_(error_freep) Error *error = NULL;
        ConsoleSearch *s = NULL;
        int r = strlen(pattern) > 32 ? -EINVAL : console_search_new(pattern, &s, &error);

        /* It is the administrator who writes the pattern, and what it costs to search for is his affair; here it must not take for ever. */
        if (r < 0)
                return;
        for (size_t i = 0; i < n && i < 2048; i += 7)
                (void) console_search_feed(s, data + i, n - i < 7 ? n - i : 7);
        console_search_free(s);
}

void fuzz_console(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        _cleanup_free_ char *pattern = fuzz_string(&in), *text = NULL;
        char last[80], words[ASK_WORDS_MAX];
        EscapeState escape = {};
        size_t n;

        text = fuzz_rest(&in, &n);
        check_log(text, n);
        console_last_lines(text, n, last, sizeof(last));
        fuzz_check(strlen(last) < sizeof(last) && string_is_clean(last));
        ask_words(text, n, words);
        fuzz_check(strlen(words) < ASK_WORDS_MAX && string_is_clean(words));
        for (size_t i = 0; i < n; i++)
                (void) escape_scan(&escape, text[i], i * 1000, true);
        if (!strpbrk(pattern, "*+{("))
                check_search(pattern, text, n);
}
