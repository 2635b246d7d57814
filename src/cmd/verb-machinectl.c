/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "dispatch.h"
#include "log.h"
#include "machinectl.h"
#include "password-agent.h"
#include "verb-list.h"

/* nbox called as machinectl (called-as-machinectl.c): its command line, run. One row a verb of its: how many operands it takes, and what it is
 * here. Most are a verb of ours, with those of the options that it heeds; the rest is in machinectl-*.c. */

#define ANY_NUMBER (-1)

typedef enum Heeds {
        HEEDS_READ_ONLY = 1 << 0,
        HEEDS_FORCE = 1 << 1,
        HEEDS_ALL = 1 << 2,
        HEEDS_VERIFY = 1 << 3,
        HEEDS_FORMAT = 1 << 4,
        HEEDS_LEGEND = 1 << 5,
        REPLACES = 1 << 6,        /* what is there, without being told so */
        KEEPS_SETTINGS = 1 << 7,  /* without asking */
        SAYS_NOTHING = 1 << 8,    /* to stdout; ours prints where the new image is */
} Heeds;

static const struct {
        const char *name;
        int min, max;
        int (*run)(const MachinectlArgs *a, Error **reterr); /* NULL: the verb of ours that is called so */
        unsigned heeds;
} machinectl_verbs[] = {
        { "list", 0, 0, machinectl_list },
        { "status", 1, ANY_NUMBER, machinectl_status },
        { "show", 0, ANY_NUMBER, machinectl_show },
        { "start", 1, ANY_NUMBER },
        { "login", 0, 1, machinectl_enter },
        { "shell", 0, ANY_NUMBER, machinectl_enter },
        { "enable", 1, ANY_NUMBER },
        { "disable", 1, ANY_NUMBER },
        { "poweroff", 1, ANY_NUMBER, machinectl_stop },
        { "stop", 1, ANY_NUMBER, machinectl_stop },
        { "reboot", 1, ANY_NUMBER, machinectl_stop },
        { "terminate", 1, ANY_NUMBER, machinectl_stop },
        { "kill", 1, ANY_NUMBER, machinectl_stop },
        { "copy-to", 2, 3, machinectl_files },
        { "copy-from", 2, 3, machinectl_files },
        { "bind", 2, 3, machinectl_files },
        { "list-images", 0, 0, machinectl_list_images },
        { "image-status", 0, ANY_NUMBER, machinectl_image_status },
        { "show-image", 0, ANY_NUMBER, machinectl_show_image },
        { "clone", 2, 2, .heeds = HEEDS_READ_ONLY | SAYS_NOTHING },
        { "rename", 2, 2 },
        { "read-only", 1, 2 },
        { "remove", 1, ANY_NUMBER, .heeds = KEEPS_SETTINGS },
        { "set-limit", 1, 2 },
        { "clean", 0, 0, .heeds = HEEDS_ALL | SAYS_NOTHING },
        { "pull-tar", 1, 2, .heeds = HEEDS_VERIFY | HEEDS_FORCE | SAYS_NOTHING },
        { "pull-raw", 1, 2, .heeds = HEEDS_VERIFY | HEEDS_FORCE | SAYS_NOTHING },
        { "import-tar", 1, 2, .heeds = HEEDS_FORCE | HEEDS_READ_ONLY | SAYS_NOTHING },
        { "import-raw", 1, 2, .heeds = HEEDS_FORCE | HEEDS_READ_ONLY | SAYS_NOTHING },
        { "import-fs", 1, 2, .heeds = HEEDS_FORCE | HEEDS_READ_ONLY | SAYS_NOTHING },
        { "export-tar", 1, 2, .heeds = HEEDS_FORMAT | REPLACES },
        { "export-raw", 1, 2, .heeds = HEEDS_FORMAT | REPLACES },
        { "list-transfers", 0, 0, .heeds = HEEDS_LEGEND },
        { "cancel-transfer", 1, ANY_NUMBER },
};

static int add_if(char ***words, bool wanted, const char *option) {
        return wanted ? strv_append(words, option) : 0;
}

static int add_value(char ***words, bool wanted, const char *option, const char *value) {
        return wanted && value ? strv_appendf(words, "%s=%s", option, value) : 0;
}

static int translate(const MachinectlArgs *a, unsigned heeds, char ***ret) {
        int r = strv_append(ret, a->verb);

        if (r >= 0)
                r = add_if(ret, (heeds & HEEDS_READ_ONLY) && a->read_only, "--read-only");
        if (r >= 0)
                r = add_if(ret, ((heeds & HEEDS_FORCE) && a->force) || (heeds & REPLACES), "--force");
        if (r >= 0)
                r = add_if(ret, (heeds & HEEDS_ALL) && a->all, "--all");
        if (r >= 0)
                r = add_if(ret, (heeds & HEEDS_LEGEND) && a->no_legend, "--no-legend");
        if (r >= 0)
                r = add_if(ret, heeds & KEEPS_SETTINGS, "--settings=keep");
        if (r >= 0)
                r = add_value(ret, heeds & HEEDS_VERIFY, "--verify", a->verify);
        if (r >= 0)
                r = add_value(ret, heeds & HEEDS_FORMAT, "--format", a->format);
        if (r >= 0)
                r = strv_append(ret, "--");
        for (int i = 0; r >= 0 && i < a->n_operands; i++)
                r = strv_append(ret, a->operands[i]);
        return r;
}

static int run_ours(const MachinectlArgs *a, unsigned heeds, Error **reterr) {
        _cleanup_strv_ char **words = NULL;

        if (translate(a, heeds, &words) < 0)
                return error_oom(reterr);
        if ((heeds & SAYS_NOTHING) && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                return error_errno(reterr, errno, "Cannot turn stdout to stderr");
        return dispatch_verb((int) strv_length(words), words, reterr);
}

static int run_verb(const MachinectlArgs *a, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(machinectl_verbs); i++) {
                int max = machinectl_verbs[i].max;

                if (strcmp(machinectl_verbs[i].name, a->verb) != 0)
                        continue;
                if (a->n_operands < machinectl_verbs[i].min)
                        return error_set(reterr, EINVAL, "Too few arguments.");
                if (max != ANY_NUMBER && a->n_operands > max)
                        return error_set(reterr, EINVAL, "Too many arguments.");
                return machinectl_verbs[i].run ? machinectl_verbs[i].run(a, reterr) : run_ours(a, machinectl_verbs[i].heeds, reterr);
        }
        return error_set(reterr, EINVAL, "Unknown command verb %s.", a->verb);
}

static int print_help(void) {
        puts("machinectl [OPTIONS...] COMMAND ...\n\nThis is nbox, which takes machinectl's command lines.\n\nCommands:");
        for (size_t i = 0; i < ELEMENTSOF(machinectl_verbs); i++)
                printf("  %s\n", machinectl_verbs[i].name);
        puts("\nnbox-words(7) has all of its words, and what is different here; `nbox --help` those of nbox.");
        return 0;
}

int verb_machinectl(int argc, char **argv, Error **reterr) {
        _cleanup_(machinectl_args_done) MachinectlArgs a = {};
        char *own = argv[0];
        int r;

        argv[0] = (char *) "machinectl";
        r = machinectl_args_parse(argc, argv, &a, reterr);
        argv[0] = own;
        if (r < 0)
                return reterr && *reterr ? r : EXIT_FAILURE;
        if (a.version) {
                puts("systemd 252 (nbox " NBOX_VERSION ")");
                return 0;
        }
        if (a.help || strcmp(a.verb, "help") == 0)
                return print_help();
        if (a.quiet)
                log_be_quiet();
        if (a.no_ask_password)
                password_agent_forbid();
        return run_verb(&a, reterr);
}
