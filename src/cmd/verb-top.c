/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>

#include "clock.h"
#include "log.h"
#include "parse.h"
#include "record.h"
#include "table.h"
#include "top-json.h"
#include "top-live.h"
#include "top-screen.h"
#include "verb-list.h"

/* nbox top: what machines use, as it changes; or once, where nobody sits before it. */

#define INTERVAL_USEC (2 * UINT64_C(1000000))

enum { OPT_SORT = 256, OPT_ONCE };

const VerbOption top_options[] = {
        { { .name = "interval", .letter = 'd', .placeholder = "SECONDS" }, 'd', "The time between two looks, if not 2 seconds" },
        { { .name = "count", .letter = 'n', .placeholder = "N|infinity" }, 'n', "End after so many looks" },
        { { .name = "once" }, OPT_ONCE, "Look once, and print one table" },
        { { .name = "sort", .placeholder = "COLUMN" }, OPT_SORT, "What machines are in order of, if not cpu; or help" },
        { { .name = "reverse", .letter = 'r' }, 'r', "The other way round" },
        {},
};

typedef struct TopArguments {
        uint64_t count; /* 0: not said */
        bool json, once, help;
} TopArguments;

static int parse_sort(const char *word, TopView *v, Error **reterr) {
        TopSort s = top_sort_from_word(word);

        if (s == SORT_NONE) {
                error_set(reterr, EINVAL, "Machines cannot be in order of '%.40s'", word);
                return error_hint(reterr, -EINVAL, "`nbox top --sort=help` lists what there is.");
        }
        v->sort = s;
        return 0;
}

static int take(int option, const char *value, TopArguments *a, TopView *v, Error **reterr) {
        switch (option) {
        case 'd':
                if (top_interval_parse(value, &v->interval_usec) < 0)
                        return error_set(reterr, EINVAL, "--interval= takes a time from 0.1 to 3600 seconds, as 0.5 or 1min, not '%.40s'", value);
                return 0;
        case 'n':
                if (strcmp(value, "infinity") == 0)
                        a->count = UINT64_MAX;
                else if (parse_u64(value, UINT32_MAX, &a->count) < 0 || a->count == 0)
                        return error_set(reterr, EINVAL, "--count= takes a number above 0 or infinity, not '%.40s'", value);
                return 0;
        case OPT_ONCE:
                a->once = true;
                return 0;
        case OPT_SORT:
                a->help = a->help || strcmp(value, "help") == 0;
                return a->help ? 0 : parse_sort(value, v, reterr);
        default:
                v->reverse = true;
                return 0;
        }
}

static int print_sorts(void) {
        for (int s = 0; s < _SORTS; s++)
                puts(top_sort_word((TopSort) s));
        return 0;
}

static bool is_pattern(const char *name) {
        return strpbrk(name, "*?[") != NULL;
}

static int check_names(const VerbArgs *args, Error **reterr) {
        for (int i = 0; i < args->n_operands; i++)
                if (!is_pattern(args->operands[i]) && !machine_name_is_valid(args->operands[i]))
                        return error_set(reterr, EINVAL, "'%.64s' is no name of a machine", args->operands[i]);
        return 0;
}

/* ---- where nobody sits ---- */

/* Who names a machine wants it, and not an empty table. */
static int check_there(const VerbArgs *args, const TopSample *sample, Error **reterr) {
        for (int i = 0; i < args->n_operands; i++) {
                bool found = is_pattern(args->operands[i]);

                for (size_t k = 0; !found && k < sample->n; k++)
                        found = strcmp(sample->rows[k].name, args->operands[i]) == 0;
                if (!found)
                        return record_missing(args->operands[i], reterr);
        }
        return 0;
}

static void print_line(const char *text, bool bold) {
        size_t n = strlen(text);

        while (n > 0 && text[n - 1] == ' ')
                n--;
        printf("%s%.*s%s\n", bold ? "\x1b[1m" : "", (int) n, text, bold ? "\x1b[0m" : "");
}

static int print_table(const TopView *v, Error **reterr) {
        TopScreen screen = {};

        if (top_table_make(v, &screen) < 0)
                return error_oom(reterr);
        for (size_t i = 0; i < screen.n; i++)
                print_line(screen.lines[i] ?: "", i == 0 && v->style.shaded);
        top_screen_done(&screen);
        return 0;
}

static int print_one(const TopArguments *a, TopView *v, const TopSample *sample, Error **reterr) {
        int r;

        if (top_view_take(v, sample) < 0)
                return error_oom(reterr);
        r = a->json ? json_print(top_json(sample, v->rows, v->n_rows), reterr) : print_table(v, reterr);
        if (r >= 0 && fflush(stdout) == EOF)
                r = error_errno(reterr, errno, "Cannot write the output");
        return r;
}

static int print_looks(const VerbArgs *args, const TopArguments *a, TopView *v, TopSampler *sampler, Error **reterr) {
        uint64_t left = a->once || a->count == 0 ? 1 : a->count;
        TopSample sample = {};
        struct winsize ws;
        int r = top_sampler_take(sampler, &sample, reterr);

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) >= 0)
                v->width = ws.ws_col;
        if (r >= 0)
                r = check_there(args, &sample, reterr);
        for (bool first = true; r >= 0 && left > 0; first = false) {
                clock_pause(v->interval_usec);
                r = top_sampler_take(sampler, &sample, reterr);
                if (r >= 0 && !first && !a->json)
                        putchar('\n');
                if (r >= 0)
                        r = print_one(a, v, &sample, reterr);
                left -= left < UINT64_MAX;
        }
        top_sample_done(&sample);
        return r;
}

/* ---- all ---- */

/* The locale says what a terminal can show. */
static TopStyle style_here(void) {
        bool colors = colors_wanted(STDOUT_FILENO);

        (void) setlocale(LC_CTYPE, "");
        return (TopStyle){ .colored = colors, .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 };
}

int verb_top(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        _cleanup_(top_sampler_freep) TopSampler *sampler = NULL;
        TopView view = { .sort = SORT_CPU, .interval_usec = INTERVAL_USEC };
        TopArguments a = {};
        bool live;
        int r;

        while ((r = verb_next(&args, reterr)) > 0) {
                r = take(r, args.value, &a, &view, reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = check_names(&args, reterr);
        if (r < 0 || a.help)
                return r < 0 ? r : print_sorts();
        r = top_sampler_new(args.operands, &sampler, reterr);
        if (r < 0)
                return r;
        a.json = args.json;
        live = !a.json && !a.once && isatty(STDOUT_FILENO);
        view.style = style_here();
        view.style.shaded = live || view.style.colored;
        r = live ? top_live(sampler, &view, a.count > 0 ? a.count : UINT64_MAX, reterr) : print_looks(&args, &a, &view, sampler, reterr);
        top_view_done(&view);
        return r;
}
