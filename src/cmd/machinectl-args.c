/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machinectl-args.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "cleanup.h"
#include "logs.h"
#include "parse.h"

enum {
        ARG_VERSION = 256,
        ARG_NO_PAGER,
        ARG_NO_LEGEND,
        ARG_NO_ASK_PASSWORD,
        ARG_VALUE,
        ARG_KILL_WHOM,
        ARG_UID,
        ARG_READ_ONLY,
        ARG_MKDIR,
        ARG_MAX_ADDRESSES,
        ARG_VERIFY,
        ARG_FORCE,
        ARG_FORMAT,
};

#define LETTERS "hp:als:H:M:qn:o:E:"

static const struct option long_options[] = {
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, ARG_VERSION },
        { "property", required_argument, NULL, 'p' },
        { "value", no_argument, NULL, ARG_VALUE },
        { "all", no_argument, NULL, 'a' },
        { "full", no_argument, NULL, 'l' },
        { "no-pager", no_argument, NULL, ARG_NO_PAGER },
        { "no-legend", no_argument, NULL, ARG_NO_LEGEND },
        { "kill-whom", required_argument, NULL, ARG_KILL_WHOM },
        { "kill-who", required_argument, NULL, ARG_KILL_WHOM },
        { "signal", required_argument, NULL, 's' },
        { "host", required_argument, NULL, 'H' },
        { "machine", required_argument, NULL, 'M' },
        { "read-only", no_argument, NULL, ARG_READ_ONLY },
        { "mkdir", no_argument, NULL, ARG_MKDIR },
        { "quiet", no_argument, NULL, 'q' },
        { "lines", required_argument, NULL, 'n' },
        { "output", required_argument, NULL, 'o' },
        { "no-ask-password", no_argument, NULL, ARG_NO_ASK_PASSWORD },
        { "verify", required_argument, NULL, ARG_VERIFY },
        { "force", no_argument, NULL, ARG_FORCE },
        { "format", required_argument, NULL, ARG_FORMAT },
        { "uid", required_argument, NULL, ARG_UID },
        { "setenv", required_argument, NULL, 'E' },
        { "max-addresses", required_argument, NULL, ARG_MAX_ADDRESSES },
        {},
};

void machinectl_args_done(MachinectlArgs *a) {
        strv_free(a->properties);
        strv_free(a->environment);
}

static int parse_max_addresses(const char *text, unsigned *ret, Error **reterr) {
        uint64_t n;

        if (strcmp(text, "all") == 0 || strcmp(text, "full") == 0) {
                *ret = ADDRESSES_ALL;
                return 0;
        }
        if (parse_u64(text, UINT_MAX - 1, &n) < 0)
                return error_set(reterr, EINVAL, "Invalid number of addresses: %s", text);
        *ret = (unsigned) n;
        return 0;
}

static int set_output(MachinectlArgs *a, const char *text, Error **reterr) {
        static const char *const forms[] = { "short", "short-full", "short-iso", "short-iso-precise", "short-precise", "short-monotonic",
                                             "short-delta", "short-unix", "verbose", "export", "json", "json-pretty", "json-sse", "json-seq",
                                             "cat", "with-unit" };
        bool is_known = false;

        for (size_t i = 0; i < ELEMENTSOF(forms); i++)
                is_known |= strcmp(text, forms[i]) == 0;
        if (!is_known)
                return error_set(reterr, EINVAL, "Unknown output '%s'", text);
        a->output = text;
        a->json = strcmp(text, "json") == 0 ? OUTPUT_JSON : strcmp(text, "json-pretty") == 0 ? OUTPUT_JSON_PRETTY : OUTPUT_TEXT;
        if (a->json != OUTPUT_TEXT)
                a->no_legend = true;
        return 0;
}

/* Those that take a word, which is kept as it is: whoever heeds it looks at it. */
static const char **word_of(MachinectlArgs *a, int option) {
        switch (option) {
        case 's':
                return &a->signal;
        case 'H':
                return &a->host;
        case 'M':
                return &a->machine;
        case 'n':
                return &a->lines;
        case ARG_KILL_WHOM:
                return &a->whom;
        case ARG_UID:
                return &a->uid;
        case ARG_VERIFY:
                return &a->verify;
        case ARG_FORMAT:
                return &a->format;
        default:
                return NULL;
        }
}

static bool *flag_of(MachinectlArgs *a, int option) {
        switch (option) {
        case 'h':
                return &a->help;
        case 'a':
                return &a->all;
        case 'q':
                return &a->quiet;
        case ARG_VERSION:
                return &a->version;
        case ARG_NO_LEGEND:
                return &a->no_legend;
        case ARG_NO_ASK_PASSWORD:
                return &a->no_ask_password;
        case ARG_VALUE:
                return &a->value;
        case ARG_READ_ONLY:
                return &a->read_only;
        case ARG_MKDIR:
                return &a->mkdir;
        case ARG_FORCE:
                return &a->force;
        default:
                return NULL;
        }
}

static int store(MachinectlArgs *a, int option, const char *value, Error **reterr) {
        const char **word = word_of(a, option);
        bool *flag = flag_of(a, option);

        if (word)
                *word = value;
        if (flag)
                *flag = true;
        switch (option) {
        case 'p':
                return strv_append(&a->properties, value) < 0 ? error_oom(reterr) : 0;
        case 'E':
                return strv_append(&a->environment, value) < 0 ? error_oom(reterr) : 0;
        case 'l':
                a->full = true;
                a->max_addresses = ADDRESSES_ALL;
                return 0;
        case 'o':
                return set_output(a, value, reterr);
        case 'n':
                return log_lines_parse(value, &(size_t){ 0 }, reterr);
        case ARG_MAX_ADDRESSES:
                return parse_max_addresses(value, &a->max_addresses, reterr);
        case '?':
                return -EINVAL;
        default:
                return 0;
        }
}

/* Whether the first word that is no option is "shell": what stands behind the machine's name is then the command's. */
static bool is_shell(int argc, char **argv) {
        opterr = 0;
        optind = 0;
        while (getopt_long(argc, argv, "+" LETTERS, long_options, NULL) >= 0)
                ;
        return optind < argc && strcmp(argv[optind], "shell") == 0;
}

static int parse_until(MachinectlArgs *a, int argc, char **argv, const char *letters, Error **reterr) {
        int option, r = 0;

        while (r >= 0 && (option = getopt_long(argc, argv, letters, long_options, NULL)) >= 0)
                r = store(a, option, optarg, reterr);
        return r;
}

static int parse(MachinectlArgs *a, int argc, char **argv, bool quiet, Error **reterr) {
        bool shell = is_shell(argc, argv);
        int r;

        opterr = !quiet;
        optind = 0;
        r = parse_until(a, argc, argv, shell ? "+" LETTERS : LETTERS, reterr);
        if (r < 0 || optind >= argc)
                return r;
        a->verb = argv[optind++];
        if (shell)
                r = parse_until(a, argc, argv, "+" LETTERS, reterr);
        a->operands = argv + optind;
        a->n_operands = argc - optind;
        return r;
}

int machinectl_args_parse(int argc, char **argv, MachinectlArgs *ret, Error **reterr) {
        MachinectlArgs a = { .verb = "list", .max_addresses = 1, .operands = argv + argc };
        int r = parse(&a, argc, argv, false, reterr);

        if (r < 0)
                machinectl_args_done(&a);
        else
                *ret = a;
        return r;
}

void machinectl_args_place(int argc, char *const *argv, const char **ret_host, const char **ret_machine) {
        _cleanup_(machinectl_args_done) MachinectlArgs a = {};
        _cleanup_free_ char **copy = calloc((size_t) argc + 1, sizeof(char *)); /* it is reordered */

        for (int i = 0; copy && i < argc; i++)
                copy[i] = argv[i];
        if (copy && parse(&a, argc, copy, true, NULL) >= 0) {
                *ret_host = a.host;
                *ret_machine = a.machine;
        }
}
