/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "metrics.h"
#include "verb-list.h"

/* nbox metrics: the figures of all machines, to standard output, into a file, or to one client who asks for them. */

enum { OPT_FORMAT = 256, OPT_SERVE };

const VerbOption metrics_options[] = {
        { { .name = "format", .placeholder = "openmetrics|prometheus" }, OPT_FORMAT, "OpenMetrics, which is the default, or the older text format of Prometheus" },
        { { .name = "output", .letter = 'o', .placeholder = "FILE" }, 'o', "Replace a file by them as a whole" },
        { { .name = "serve" }, OPT_SERVE, "Answer one request of HTTP on standard input: for nbox-metrics.socket" },
        {},
};

typedef struct MetricsWishes {
        MetricFormat format;
        bool format_given;
        const char *output; /* NULL: standard output */
        bool serve;
} MetricsWishes;

static int parse_format(MetricsWishes *w, const char *value, Error **reterr) {
        w->format_given = true;
        w->format = strcmp(value, "prometheus") == 0 ? METRIC_PROMETHEUS : METRIC_OPENMETRICS;
        if (w->format == METRIC_OPENMETRICS && strcmp(value, "openmetrics") != 0)
                return error_set(reterr, EINVAL, "--format= takes openmetrics or prometheus, not '%s'", value);
        return 0;
}

static int parse_options(MetricsWishes *ret, VerbArgs *args, Error **reterr) {
        int option, r = 0;

        while (r >= 0 && (option = verb_next(args, reterr)) != 0) {
                if (option < 0)
                        return option;
                if (option == OPT_FORMAT)
                        r = parse_format(ret, args->value, reterr);
                else if (option == OPT_SERVE)
                        ret->serve = true;
                else if (*args->value)
                        ret->output = args->value;
                else
                        r = error_set(reterr, EINVAL, "--output= takes a file");
        }
        if (r >= 0)
                r = verb_check_operands(args, 0, 0, reterr);
        if (r >= 0 && ret->serve && (ret->output || ret->format_given))
                r = error_set(reterr, EINVAL, "With --serve it is the client who says what he wants: no --output= and no --format=");
        return r;
}

static int write_file(const MetricsWishes *w, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        int r;

        if (!out)
                return error_oom(reterr);
        r = metrics_write(out, w->format, reterr);
        if (fclose(out) != 0 && r >= 0)
                r = error_oom(reterr);
        return r < 0 ? r : metrics_replace_file(w->output, text, size, reterr);
}

int verb_metrics(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        MetricsWishes wishes = {};
        int r = parse_options(&wishes, &args, reterr);

        if (r < 0)
                return r;
        if (wishes.serve)
                return metrics_serve(STDIN_FILENO, STDOUT_FILENO, reterr);
        return wishes.output ? write_file(&wishes, reterr) : metrics_write(stdout, wishes.format, reterr);
}
