/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "clock.h"
#include "logs.h"
#include "name.h"
#include "parse.h"
#include "strv.h"
#include "verb-list.h"

/* A machine's console and its journal. The options are journalctl's. */

enum { OPT_CONSOLE = 256, OPT_JOURNAL, OPT_BOOT };

#define FOLLOWED_LINES 10 /* of what was there before, as journalctl -f and tail -f have it */

const VerbOption logs_options[] = {
        { { .name = "follow", .letter = 'f' }, 'f', "Go on with what comes, until the machine ends" },
        { { .name = "lines", .letter = 'n', .placeholder = "LINES" }, 'n', "The last lines only, or all" },
        { { .letter = 'b' }, 'b', "The last boot only; or -b N, as journalctl has it" },
        { { .name = "boot", .optional = true, .placeholder = "N" }, OPT_BOOT, "The same: 0 is the last one, -1 the one before, 1 the first that is kept" },
        { { .name = "since", .letter = 'S', .placeholder = "TIME" }, 'S', "From this time on: 01:02, 2026-11-23, yesterday, -1h…" },
        { { .name = "until", .letter = 'U', .placeholder = "TIME" }, 'U', "Up to this time" },
        { { .name = "output", .letter = 'o', .placeholder = "FORM" }, 'o', "short, short-iso, short-precise, cat, json… as journalctl has them" },
        { { .name = "console" }, OPT_CONSOLE, "The console only" },
        { { .name = "journal" }, OPT_JOURNAL, "The machine's own journal only" },
        { { .name = "unit", .letter = 'u', .placeholder = "UNIT" }, 'u', "The same, of one unit of the machine's" },
        { { .name = "priority", .letter = 'p', .placeholder = "LEVEL" }, 'p', "The same, up to this level: 0 to 7, or emerg to debug" },
        {},
};

typedef struct LogsArguments {
        LogQuery query;
        LogFormat format;
        bool lines_given;
        char unit[256];
} LogsArguments;

static int parse_boot(LogsArguments *a, const char *value, Error **reterr) {
        uint64_t n = 0;
        bool negative = value && *value == '-';

        if (value && parse_u64(value + negative, 1000, &n) < 0)
                return error_set(reterr, EINVAL, "'%s' is no boot; it takes 0 for the last one, -1 for the one before it, 1 for the first that is kept", value);
        a->query.one_boot = true;
        a->query.boot = negative ? -(long) n : (long) n;
        return 0;
}

static int parse_priority(LogsArguments *a, const char *value, Error **reterr) {
        static const char *const levels[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };
        uint64_t n = ELEMENTSOF(levels);

        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                if (strcmp(value, levels[i]) == 0)
                        n = i;
        if (n == ELEMENTSOF(levels) && parse_u64(value, ELEMENTSOF(levels) - 1, &n) < 0)
                return error_set(reterr, EINVAL, "'%s' is no level: it takes 0 to 7, or emerg, alert, crit, err, warning, notice, info, debug", value);
        a->query.priority = (int) n;
        return 0;
}

static int take(LogsArguments *a, int id, const char *value, Error **reterr) {
        uint64_t now = clock_usec(CLOCK_REALTIME);

        switch (id) {
        case 'f':
                a->query.follow = true;
                return 0;
        case 'n':
                a->lines_given = true;
                return log_lines_parse(value, &a->query.lines, reterr);
        case 'b':
        case OPT_BOOT:
                return parse_boot(a, value, reterr);
        case 'S':
                return log_time_parse(value, now, &a->query.since, reterr);
        case 'U':
                return log_time_parse(value, now, &a->query.until, reterr);
        case 'o':
                return log_format_parse(value, &a->format, reterr);
        case 'u':
                a->query.sources = LOG_JOURNAL;
                if (snprintf(a->unit, sizeof(a->unit), "%s%s", value, strchr(value, '.') ? "" : ".service") >= (int) sizeof(a->unit))
                        return error_set(reterr, EINVAL, "'%.40s…' is no unit's name", value);
                a->query.unit = a->unit;
                return 0;
        case 'p':
                a->query.sources = LOG_JOURNAL;
                return parse_priority(a, value, reterr);
        default:
                a->query.sources = id == OPT_CONSOLE ? LOG_CONSOLE : LOG_JOURNAL;
                return 0;
        }
}

/* journalctl takes `-b -1`, in two words: they become one, in a command line of our own. */
static int join_boot(int argc, char **argv, char ***ret) {
        _cleanup_strv_ char **joined = NULL;

        for (int i = 0; i < argc; i++) {
                const char *next = i > 0 && i + 1 < argc ? argv[i + 1] : "";
                bool is_boot = strcmp(argv[i], "-b") == 0 && *next && next[strspn(next, "-0123456789")] == 0;

                if ((is_boot ? strv_appendf(&joined, "--boot=%s", next) : strv_append(&joined, argv[i])) < 0)
                        return -ENOMEM;
                i += is_boot;
        }
        *ret = TAKE_PTR(joined);
        return 0;
}

int verb_logs(int argc, char **argv, Error **reterr) {
        LogsArguments a = { .query = LOG_QUERY_ALL };
        _cleanup_strv_ char **words = NULL;
        _cleanup_free_ char **cut = NULL; /* the same, for verb_args() reorders what it is given */
        VerbArgs args;
        int r;

        if (join_boot(argc, argv, &words) < 0 || !(cut = calloc(strv_length(words) + 1, sizeof(*cut))))
                return error_oom(reterr);
        memcpy(cut, words, strv_length(words) * sizeof(*cut));
        args = verb_args((int) strv_length(words), cut);
        while ((r = verb_next(&args, reterr)) > 0) {
                r = take(&a, r, args.value, reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 1, -1, reterr);
        for (int i = 0; r >= 0 && i < args.n_operands; i++)
                r = machine_name_check(args.operands[i], reterr);
        if (r < 0)
                return r;
        if (args.json && a.format != LOG_JSON_PRETTY)
                a.format = LOG_JSON;
        if (a.query.follow && !a.lines_given)
                a.query.lines = FOLLOWED_LINES;
        return log_show(args.operands, (size_t) args.n_operands, &a.query, a.format, reterr);
}
